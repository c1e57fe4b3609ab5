/** The MD5 kernel of this thread: WebAssembly with a small memory of its own that bytes are copied into. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { instantiateKernel, kernelFunction } from '../../webassembly/instantiate.ts';
import { kernelBase64 } from './kernel.generated.ts';

/** Where kernel.as.ts has the words and the bytes. */
const STATE = 0;
const DATA = 1_024;

export const BLOCK_BYTES = 64;
/** Bytes that the memory takes. */
export const DATA_BYTES = 65_536;

/** The words before the first byte. */
export const FIRST_WORDS = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);

export interface Md5Kernel {
  readonly words: Int32Array;
  readonly data: Uint8Array;
  /** Takes this many bytes of the data, whole blocks, into the words. */
  run(length: number): void;
}

let kernel: Md5Kernel | undefined | 'untried' = 'untried';

/** Made when first asked for and proven before a byte is entrusted to it; undefined where it does not work. */
export function md5Kernel(): Md5Kernel | undefined {
  if (kernel === 'untried') kernel = openKernel();
  return kernel;
}

function openKernel(): Md5Kernel | undefined {
  const exports = instantiateKernel(kernelBase64);
  if (exports === undefined) return undefined;
  const { memory } = exports;
  assert(memory instanceof WebAssembly.Memory, 'the kernel has a memory');
  const opened: Md5Kernel = {
    words: new Int32Array(memory.buffer, STATE, 4),
    data: new Uint8Array(memory.buffer, DATA, DATA_BYTES),
    run: kernelFunction(exports, 'run'),
  };
  return works(opened) ? opened : undefined;
}

/** Whether the kernel comes to what node:crypto does. */
export function works({ words, data, run }: Md5Kernel): boolean {
  const length = 3 * BLOCK_BYTES;
  const message = Buffer.alloc(length, 'every word of a block another');
  // The end of a message as MD5 pads it: one bit, and the length in bits.
  message[length - 9] = 0x80;
  message.fill(0, length - 8).writeUInt32LE((length - 9) * 8, length - 8);
  data.set(message);
  words.set(FIRST_WORDS);
  run(length);
  const digest = Buffer.alloc(16);
  for (const [i, word] of words.entries()) digest.writeInt32LE(word, i * 4);
  return digest.toString('hex') === hash('md5', message.subarray(0, length - 9));
}
