/** Proves at every start that the code works on this machine, before a byte is entrusted to it. */
import { SCHEMES } from '../scheme.ts';
import { CODER_RESERVED_BYTES, type Coder, createScalarCoder } from './coder.ts';
import { recoveryRows } from './reed-solomon.ts';

const SCHEME = SCHEMES['6+3'];
/** Odd multiple of 16, so that both the paired loop and the rest of the kernel run. */
const UNIT = 16 * 33;

/**
 * Whether a coder gives the same parity as the scalar reference and recovers lost shards. Overwrites the beginning of
 * the memory's free part.
 */
export function coderWorks(coder: Coder): boolean {
  const { bytes, memory } = coder;
  const input = CODER_RESERVED_BYTES;
  const parity = input + SCHEME.dataShards * UNIT;
  const output = input + SCHEME.shards * UNIT;
  const expected = output + 3 * UNIT;
  let state = 1;
  for (let i = 0; i < SCHEME.dataShards * UNIT; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[input + i] = state >>> 16;
  }
  coder.encode(SCHEME, { input, output: parity, length: UNIT });
  createScalarCoder(memory).encode(SCHEME, { input, output: expected, length: UNIT });
  if (!equal(bytes, { a: parity, b: expected, length: 3 * UNIT })) return false;

  // Shards 0–2 are taken as lost: the six that follow them lie one after another already.
  const present = [3, 4, 5, 6, 7, 8];
  const survivors = input + 3 * UNIT;
  for (const wanted of [[0, 1, 2], [1]]) {
    coder.recover(recoveryRows(SCHEME, present, wanted), { input: survivors, output, length: UNIT });
    for (const [i, shard] of wanted.entries()) {
      if (!equal(bytes, { a: output + i * UNIT, b: input + shard * UNIT, length: UNIT })) return false;
    }
  }
  return true;
}

function equal(bytes: Uint8Array, { a, b, length }: { a: number; b: number; length: number }): boolean {
  return Buffer.compare(bytes.subarray(a, a + length), bytes.subarray(b, b + length)) === 0;
}
