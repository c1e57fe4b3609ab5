/** MD5 of a byte stream, which between two pieces is four words and less than a block of bytes. */
import { BLOCK_BYTES, DATA_BYTES, FIRST_WORDS, type Md5Kernel } from './kernel.ts';

const NO_BYTES = new Uint8Array(0);

export class Md5 {
  readonly #kernel: Md5Kernel;
  readonly #words = FIRST_WORDS.slice();
  /** The beginning of a block. */
  #rest = NO_BYTES;
  #lengthBytes = 0;

  constructor(kernel: Md5Kernel) {
    this.#kernel = kernel;
  }

  update(bytes: Uint8Array): void {
    const { data, words, run } = this.#kernel;
    this.#lengthBytes += bytes.length;
    words.set(this.#words);
    data.set(this.#rest);
    let filled = this.#rest.length;
    for (let at = 0; at < bytes.length; ) {
      const piece =
        at === 0 && bytes.length <= DATA_BYTES - filled ? bytes : bytes.subarray(at, at + DATA_BYTES - filled);
      data.set(piece, filled);
      at += piece.length;
      const whole = (filled + piece.length) & -BLOCK_BYTES;
      run(whole);
      data.copyWithin(0, whole, filled + piece.length);
      filled += piece.length - whole;
    }
    this.#words.set(words);
    this.#rest = filled === 0 ? NO_BYTES : data.slice(0, filled);
  }

  digest(): Uint8Array {
    const length = this.#lengthBytes;
    const padding = Buffer.alloc((this.#rest.length < BLOCK_BYTES - 8 ? 1 : 2) * BLOCK_BYTES - this.#rest.length);
    padding[0] = 0x80;
    padding.writeUInt32LE((length * 8) % 2 ** 32, padding.length - 8);
    padding.writeUInt32LE(Math.floor(length / 2 ** 29) % 2 ** 32, padding.length - 4);
    this.update(padding);
    const digest = Buffer.allocUnsafe(16);
    for (let i = 0; i < 4; i++) digest.writeInt32LE(this.#words[i] ?? 0, i * 4);
    return digest;
  }
}
