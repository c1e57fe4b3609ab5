import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCHEMES } from '../scheme.ts';
import {
  CODER_RESERVED_BYTES,
  type Coder,
  createCoder,
  createCoderMemory,
  createScalarCoder,
  createSimdCoder,
} from './coder.ts';
import { inverse, multiply } from './galois.ts';
import { generateKernel } from './generate.ts';
import { parityRows, recoveryRows } from './reed-solomon.ts';
import { coderWorks } from './self-test.ts';

const SIX = SCHEMES['6+3'];
const COPIES = SCHEMES['1+2'];
const SHARDS = SIX.shards;
const MEMORY_BYTES = CODER_RESERVED_BYTES + 1024 * 1024;

function chooseSix(): number[][] {
  const subsets: number[][] = [];
  for (let mask = 0; mask < 1 << SHARDS; mask++) {
    const members = Array.from({ length: SHARDS }, (_, i) => i).filter((i) => mask & (1 << i));
    if (members.length === 6) subsets.push(members);
  }
  return subsets;
}

/** Fills six units with bytes that follow from the length, and encodes them. */
function encoded(coder: Coder, length: number): { shards: Buffer[]; end: number } {
  const input = CODER_RESERVED_BYTES;
  const output = input + 6 * length;
  for (let i = 0; i < 6 * length; i++) coder.bytes[input + i] = (Math.imul(i + length, 2654435761) >>> 13) & 255;
  coder.encode(SIX, { input, output, length });
  const shards = Array.from({ length: SHARDS }, (_, i) =>
    Buffer.from(coder.bytes.slice(input + i * length, input + (i + 1) * length)),
  );
  return { shards, end: input + SHARDS * length };
}

describe('GF(2^8)', () => {
  it('has an inverse of every element but zero, and multiplies as polynomials do', () => {
    for (let a = 1; a < 256; a++) expect(multiply(a, inverse(a))).toBe(1);
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b += 7) {
        let product = 0;
        for (let bit = 0, term = a; bit < 8; bit++, term = term & 128 ? (term << 1) ^ 0x11d : term << 1) {
          if (b & (1 << bit)) product ^= term;
        }
        expect(multiply(a, b)).toBe(product);
      }
    }
  });
});

describe('the code of any scheme', () => {
  it('gives every shard back from any shards as many as those of data, also of schemes that do not exist', () => {
    const shapes = fc.record({
      dataShards: fc.integer({ min: 1, max: 12 }),
      parityShards: fc.integer({ min: 1, max: 6 }),
    });
    const choices = shapes.chain((shape) => {
      const all = Array.from({ length: shape.dataShards + shape.parityShards }, (_, shard) => shard);
      const { dataShards: size } = shape;
      const present = fc.shuffledSubarray(all, { minLength: size, maxLength: size });
      return fc.record({ shape: fc.constant(shape), all: fc.constant(all), present });
    });
    fc.assert(
      fc.property(choices, fc.uint8Array({ minLength: 12, maxLength: 12 }), ({ shape, all, present }, bytes) => {
        const combine = (row: readonly number[], from: readonly number[]) =>
          row.reduce((sum, factor, i) => sum ^ multiply(factor, from[i] ?? 0), 0);
        const data = [...bytes.subarray(0, shape.dataShards)];
        const shards = [...data, ...parityRows(shape).map((row) => combine(row, data))];
        const survivors = present.map((shard) => shards[shard] ?? 0);
        expect(recoveryRows(shape, present, all).map((row) => combine(row, survivors))).toEqual(shards);
      }),
    );
  });

  it.each(['simd', 'scalar'] as const)('%s: every shard of 1+2 is a copy, coded and recovered', (kind) => {
    const memory = createCoderMemory(MEMORY_BYTES);
    const coder = kind === 'simd' ? createSimdCoder(memory) : createScalarCoder(memory);
    if (!coder) throw new Error('this runtime has no SIMD');
    const [length, input] = [112, CODER_RESERVED_BYTES];
    const data = Buffer.from(Array.from({ length }, (_, i) => i * 7 + 1));
    coder.bytes.set(data, input);
    coder.encode(COPIES, { input, output: input + length, length });
    for (let shard = 0; shard < 4; shard++) {
      const bytes = Buffer.from(coder.bytes.slice(input + shard * length, input + (shard + 1) * length));
      expect(bytes.equals(shard < 3 ? data : Buffer.alloc(length))).toBe(true);
    }
    const output = input + 4 * length;
    coder.recover(recoveryRows(COPIES, [2], [0, 1]), { input: input + 2 * length, output, length });
    expect(parityRows(COPIES)).toEqual([[1], [1]]);
    for (const at of [output, output + length]) expect(Buffer.from(coder.bytes.slice(at, at + length))).toEqual(data);
  });

  it('is not had from the kernel for schemes that it is not made for', () => {
    const coder = createCoder(createCoderMemory(MEMORY_BYTES));
    const input = CODER_RESERVED_BYTES;
    const odd = { ...SIX, dataShards: 4 };
    expect(() => coder.encode(odd, { input, output: input + 64, length: 16 })).toThrow('6+3');
  });
});

describe('Reed-Solomon 6+3', () => {
  it('keeps its parity matrix, which is part of the format', () => {
    expect(parityRows(SIX)).toEqual([
      [122, 186, 71, 167, 142, 244],
      [186, 122, 167, 71, 244, 142],
      [173, 157, 221, 152, 61, 170],
    ]);
  });

  it.each(['simd', 'scalar'] as const)('%s: any six of nine shards give back the others (84 subsets)', (kind) => {
    const memory = createCoderMemory(MEMORY_BYTES);
    const coder = kind === 'simd' ? createSimdCoder(memory) : createScalarCoder(memory);
    expect(coder?.kind).toBe(kind);
    if (!coder) return;
    const length = 48;
    const { shards, end } = encoded(coder, length);
    const subsets = chooseSix();
    expect(subsets).toHaveLength(84);
    for (const present of subsets) {
      const wanted = Array.from({ length: SHARDS }, (_, i) => i).filter((i) => !present.includes(i));
      for (const some of [wanted, wanted.slice(0, 2), wanted.slice(2)]) {
        present.forEach((shard, i) => void coder.bytes.set(shards[shard] ?? [], end + i * length));
        const output = end + 6 * length;
        coder.recover(recoveryRows(SIX, present, some), { input: end, output, length });
        some.forEach((shard, i) => {
          const bytes = Buffer.from(coder.bytes.slice(output + i * length, output + (i + 1) * length));
          expect(bytes.equals(shards[shard] ?? Buffer.alloc(0))).toBe(true);
        });
      }
    }
  });

  it('gives the same parity by SIMD as by plain TypeScript, for every shape of the loops', () => {
    const simd = createSimdCoder(createCoderMemory(MEMORY_BYTES));
    const scalar = createScalarCoder(createCoderMemory(MEMORY_BYTES));
    if (!simd) throw new Error('this runtime has no SIMD');
    for (const length of [16, 32, 48, 64, 80, 4096, 4112]) {
      const [a, b] = [encoded(simd, length), encoded(scalar, length)];
      a.shards.forEach((shard, i) => void expect(shard.equals(b.shards[i] ?? Buffer.alloc(0))).toBe(true));
    }
  });

  it('notices in its self-test a coder that is wrong in one byte', () => {
    const coder = createCoder(createCoderMemory(MEMORY_BYTES));
    expect(coderWorks(coder)).toBe(true);
    const wrong: Coder = {
      ...coder,
      encode(scheme, span) {
        coder.encode(scheme, span);
        const at = span.output + 2 * span.length + 5;
        coder.bytes[at] = (coder.bytes[at] ?? 0) ^ 1;
      },
    };
    expect(coderWorks(wrong)).toBe(false);
    expect(coderWorks({ ...coder, recover: () => {} })).toBe(false);
  });

  it('ships the kernel that its source compiles to', async () => {
    const committed = await readFile(new URL('./kernel.generated.ts', import.meta.url), 'utf8');
    expect(committed).toBe(await generateKernel());
  });
});
