/**
 * A key of HMAC-SHA-256 that signs many short texts. Each signature is two one-shot hashes (RFC 2104): an object of
 * node:crypto for each would cost several times that, most of it for memory that the collector has to find again.
 */
import { hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;

/** The first block and the text behind it. Nothing waits while it is in use, so one serves all keys. */
const inner = Buffer.allocUnsafeSlow(blockBytes + 4096);

export class HmacKey {
  readonly #innerBlock: Buffer;
  /** The outer block, with room for the inner digest behind it. */
  readonly #outer: Buffer;

  /** Takes at most 64 bytes, which every derived key has. */
  constructor(key: Uint8Array) {
    if (key.length > blockBytes) throw new RangeError('a longer key would have to be hashed first');
    this.#innerBlock = Buffer.alloc(blockBytes, 0x36);
    this.#outer = Buffer.alloc(blockBytes + digestBytes, 0x5c);
    key.forEach((byte, i) => {
      this.#innerBlock[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    });
  }

  /** The signature of a text's UTF-8, in hex. */
  sign(text: string): string {
    // No character takes more than three bytes.
    const fits = text.length * 3 <= inner.length - blockBytes;
    const message = fits ? inner : Buffer.alloc(blockBytes + text.length * 3);
    this.#innerBlock.copy(message);
    const length = blockBytes + message.write(text, blockBytes);
    this.#outer.write(hash('sha256', message.subarray(0, length), 'hex'), blockBytes, 'hex');
    return hash('sha256', this.#outer, 'hex');
  }
}
