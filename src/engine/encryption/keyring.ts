/**
 * The keys of objects. What is encrypted is encrypted under data keys, one a blob, sealed in envelopes; an object's own key is
 * what opens the envelopes of its blobs:
 *
 * - SSE-S3: the server's key for objects, the same for all of them;
 * - SSE-KMS: a data key of KMS for this object, kept as KMS sealed it; with two layers (DSSE-KMS) also the server's key. One that was
 *   written with SSE-S3 and came under KMS later still has the server's key for its envelopes, for whom KMS opens the data key;
 * - SSE-C: what follows from the client's key and the object's salt. Neither it nor the client's key is kept.
 *
 * The server may have several keys: new objects are under the first, and objects name theirs, so that a key can be replaced
 * while what is older stays readable.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { randomBuffer } from '../../lib/ids.ts';
import {
  encryptionRevision,
  type ObjectEncryption,
  type Rekeyable,
  type UnderKms,
} from '../../meta/object-encryption.ts';
import { EngineError, type EngineErrorDetails } from '../errors.ts';
import type { EnvelopeKeys } from './envelopes.ts';
import type { CustomerKey, DataKeys, NewEncryption, NewKmsKey } from './types.ts';

const saltBytes = 16;

/** An object's encryption as its record keeps it, and the keys of its envelopes. */
export interface Unlocked {
  readonly encryption: ObjectEncryption;
  readonly keys: EnvelopeKeys;
}

interface ServerKey {
  readonly id: string;
  readonly key: Buffer;
}

export interface KeyringOptions {
  /** The server's keys: the first is in use, with the others what is older is read. Without any, nothing can be encrypted by them. */
  readonly serverKeys?: readonly Buffer[] | undefined;
  readonly dataKeys?: DataKeys | undefined;
}

export class Keyring {
  readonly #current: ServerKey | undefined;
  readonly #serverKeys: ReadonlyMap<string, Buffer>;
  readonly #dataKeys: DataKeys | undefined;

  constructor({ serverKeys = [], dataKeys }: KeyringOptions) {
    const keys = serverKeys.map(keyOfServer);
    this.#current = keys[0];
    this.#serverKeys = new Map(keys.map(({ id, key }) => [id, key]));
    this.#dataKeys = dataKeys;
  }

  /** The encryption of a new object, with a key of its own where its kind has such. */
  async create(asked: NewEncryption): Promise<Unlocked> {
    switch (asked.kind) {
      case 'SSE-S3': {
        const { id, key } = this.#currentKey();
        return { encryption: { kind: 'SSE-S3', serverKey: id }, keys: [key] };
      }
      case 'SSE-C':
        return newCustomerEncryption(asked.key);
      case 'SSE-KMS':
      case 'DSSE-KMS':
        return this.#createOfKms(asked);
    }
  }

  /** The keys of an object. Throws CustomerKeyMissing, CustomerKeyWrong, CustomerKeyUseless, and what KMS throws. */
  async open(encryption: ObjectEncryption, customerKey: CustomerKey | undefined): Promise<EnvelopeKeys> {
    checkCustomerKey(encryption, customerKey);
    if (!('sealed' in encryption)) return this.#openHere(encryption, customerKey);
    const key = await this.#kms().open(encryption.sealed, encryption.context);
    if (encryption.serverKey === undefined) return [key];
    const own = this.#keyOf(encryption.serverKey);
    // Of one layer the envelopes stay under the key that they were written under; KMS has said that they may be opened.
    return encryption.kind === 'SSE-KMS' ? [own] : [key, own];
  }

  /** The same at once, where nobody else must be asked; undefined where KMS must. */
  openAtHand(encryption: ObjectEncryption, customerKey: CustomerKey | undefined): EnvelopeKeys | undefined {
    if ('sealed' in encryption) return undefined;
    checkCustomerKey(encryption, customerKey);
    return this.#openHere(encryption, customerKey);
  }

  /** The encryption of an object that comes under a key of KMS, whose envelopes stay what they are. Throws what KMS throws. */
  async rekey(encryption: Rekeyable, asked: NewKmsKey): Promise<UnderKms> {
    const { keyArn, context, bucketKey } = asked;
    const revision = (encryptionRevision(encryption) ?? 0) + 1;
    const known = { kind: 'SSE-KMS', keyArn, context, ...(bucketKey && { bucketKey }), revision } as const;
    if (encryption.kind === 'SSE-S3') {
      const { sealed } = await this.#kms().generate(keyArn, context);
      return { ...known, sealed, serverKey: encryption.serverKey };
    }
    const { serverKey } = encryption;
    const key = await this.#kms().open(encryption.sealed, encryption.context);
    const sealed = await this.#kms().seal(key, keyArn, context);
    return { ...known, sealed, ...(serverKey !== undefined && { serverKey }) };
  }

  #openHere(
    encryption: Extract<ObjectEncryption, { kind: 'SSE-S3' | 'SSE-C' }>,
    customerKey: CustomerKey | undefined,
  ): EnvelopeKeys {
    if (encryption.kind === 'SSE-S3') return [this.#keyOf(encryption.serverKey)];
    if (customerKey === undefined) throw new Error('the client’s key was looked for before');
    return [envelopeKeyOf(customerKey, encryption.salt)];
  }

  async #createOfKms({
    kind,
    keyArn,
    context,
    bucketKey,
  }: Extract<NewEncryption, { keyArn: string }>): Promise<Unlocked> {
    const { key, sealed } = await this.#kms().generate(keyArn, context);
    const known = { kind, keyArn, context, sealed, ...(bucketKey && { bucketKey }) };
    if (kind === 'SSE-KMS') return { encryption: known, keys: [key] };
    const outer = this.#currentKey();
    return { encryption: { ...known, serverKey: outer.id }, keys: [key, outer.key] };
  }

  #currentKey(): ServerKey {
    if (this.#current === undefined) throw new Error('there is no key of the server to encrypt objects with');
    return this.#current;
  }

  #keyOf(id: string): Buffer {
    const key = this.#serverKeys.get(id);
    if (key !== undefined) return key;
    throw new Error(
      `an object is under the server's key ${id}, which this server has not: put it back into server-key.json`,
    );
  }

  #kms(): DataKeys {
    if (this.#dataKeys === undefined) throw new EngineError('KmsUnavailable', 'there is no KMS');
    return this.#dataKeys;
  }
}

/** Throws unless a client brings the key that an object is under, and none for any other. With the details of what is asked. */
export function checkCustomerKey(
  encryption: ObjectEncryption | undefined,
  given: CustomerKey | undefined,
  details: EngineErrorDetails = {},
): void {
  if (encryption?.kind !== 'SSE-C') {
    if (given === undefined) return;
    throw new EngineError('CustomerKeyUseless', 'the object is not under a key of its client', details);
  }
  if (given === undefined)
    throw new EngineError('CustomerKeyMissing', 'the object is under a key of its client', details);
  const proof = proofOf(given, encryption.salt);
  if (timingSafeEqual(proof, Buffer.from(encryption.proof, 'base64'))) return;
  throw new EngineError('CustomerKeyWrong', 'the object is under another key than the client has brought', details);
}

/** Whether the ETag of an object says nothing of its bytes, so that whoever lacks the key learns nothing of them. */
export function hasOpaqueEtag(encryption: Pick<ObjectEncryption, 'kind'> | undefined): boolean {
  return encryption !== undefined && encryption.kind !== 'SSE-S3';
}

/** Whether an object is under a key of KMS. */
export function isUnderKms(encryption: Pick<ObjectEncryption, 'kind'> | undefined): boolean {
  return encryption?.kind === 'SSE-KMS' || encryption?.kind === 'DSSE-KMS';
}

/** Whether a copy can have the bytes of its source as they lie, at most with their keys sealed anew. */
export function canShare(
  source: Pick<ObjectEncryption, 'kind'> | undefined,
  copy: Pick<ObjectEncryption, 'kind'> | undefined,
): boolean {
  if (source === undefined || copy === undefined) return source === copy;
  if (source.kind === 'SSE-C' || copy.kind === 'SSE-C') return false;
  return layersOf(source) === layersOf(copy);
}

function layersOf({ kind }: Pick<ObjectEncryption, 'kind'>): number {
  return kind === 'DSSE-KMS' ? 2 : 1;
}

function newCustomerEncryption(customerKey: CustomerKey): Unlocked {
  const salt = randomBuffer(saltBytes).toString('base64');
  const proof = proofOf(customerKey, salt).toString('base64');
  return { encryption: { kind: 'SSE-C', salt, proof }, keys: [envelopeKeyOf(customerKey, salt)] };
}

function keyOfServer(serverKey: Buffer): ServerKey {
  const id = derived(serverKey, 'ninefold id of the key for objects').toString('hex', 0, 4);
  return { id, key: derived(serverKey, 'ninefold objects') };
}

/** By which the key is known again; it says nothing of the one that opens envelopes. */
function proofOf({ key }: CustomerKey, salt: string): Buffer {
  return derived(key, `ninefold proof of a client's key ${salt}`);
}

function envelopeKeyOf({ key }: CustomerKey, salt: string): Buffer {
  return derived(key, `ninefold client's key ${salt}`);
}

function derived(key: Buffer, purpose: string): Buffer {
  return createHmac('sha256', key).update(purpose).digest();
}
