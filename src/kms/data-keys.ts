/** Keys for the bytes of objects, each sealed under a key of KMS. */
import type { DataKeys } from '../engine/types.ts';
import type { EncryptionContext } from './ciphertext.ts';
import { KmsError } from './errors.ts';
import type { KeyRing } from './key-ring.ts';

/**
 * The engine is there before it is known who there is, and keys are kept with that: until they are known, nothing can be
 * asked of them.
 */
export class RingDataKeys implements DataKeys {
  #ring: KeyRing | undefined;

  connect(ring: KeyRing): void {
    this.#ring = ring;
  }

  async generate(keyArn: string, context: EncryptionContext): Promise<{ key: Buffer; sealed: string }> {
    const ring = this.#known();
    const { plain, encrypted } = ring.dataKey(ring.stored(keyArn), context);
    return { key: plain, sealed: encrypted.toString('base64') };
  }

  async seal(key: Buffer, keyArn: string, context: EncryptionContext): Promise<string> {
    const ring = this.#known();
    return ring.encrypt(ring.stored(keyArn), key, context).toString('base64');
  }

  async open(sealed: string, context: EncryptionContext): Promise<Buffer> {
    return this.#known().decrypt(Buffer.from(sealed, 'base64'), context);
  }

  #known(): KeyRing {
    if (this.#ring === undefined) throw new KmsError('KMSInvalidStateException', 'The keys of KMS are not known yet.');
    return this.#ring;
  }
}
