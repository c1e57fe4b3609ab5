// AssemblyScript: the inner loops of Reed-Solomon over GF(2^8). Compiled by generate.ts into kernel.generated.ts.
//
// A product with a constant c is two table look-ups: c·x = low[x & 15] ^ high[x >> 4]. A coefficient's tables are 32 bytes,
// low then high. `tables` holds them row by row: six coefficients for the first output, six for the second, and so on.
// The six inputs follow one another at `input`, `length` bytes each, and so do the outputs at `output`. `length` is a
// multiple of 16; the pointers are aligned to 16.

// @ts-nocheck
const INPUTS: usize = 6;
const ROW: usize = INPUTS * 32;

/** Three outputs in one pass over the inputs. */
export function combine3(tables: usize, input: usize, output: usize, length: usize): void {
  const mask = i8x16.splat(15);
  const paired = length & ~31;
  let at: usize = 0;
  for (; at < paired; at += 32) {
    let a0 = i8x16.splat(0);
    let a1 = i8x16.splat(0);
    let b0 = i8x16.splat(0);
    let b1 = i8x16.splat(0);
    let c0 = i8x16.splat(0);
    let c1 = i8x16.splat(0);
    let from = input + at;
    let table = tables;
    for (let i: usize = 0; i < INPUTS; i++) {
      const x0 = v128.load(from);
      const x1 = v128.load(from, 16);
      const l0 = v128.and(x0, mask);
      const l1 = v128.and(x1, mask);
      const h0 = v128.and(i16x8.shr_u(x0, 4), mask);
      const h1 = v128.and(i16x8.shr_u(x1, 4), mask);
      let low = v128.load(table);
      let high = v128.load(table, 16);
      a0 = v128.xor(a0, v128.xor(i8x16.relaxed_swizzle(low, l0), i8x16.relaxed_swizzle(high, h0)));
      a1 = v128.xor(a1, v128.xor(i8x16.relaxed_swizzle(low, l1), i8x16.relaxed_swizzle(high, h1)));
      low = v128.load(table, 192);
      high = v128.load(table, 208);
      b0 = v128.xor(b0, v128.xor(i8x16.relaxed_swizzle(low, l0), i8x16.relaxed_swizzle(high, h0)));
      b1 = v128.xor(b1, v128.xor(i8x16.relaxed_swizzle(low, l1), i8x16.relaxed_swizzle(high, h1)));
      low = v128.load(table, 384);
      high = v128.load(table, 400);
      c0 = v128.xor(c0, v128.xor(i8x16.relaxed_swizzle(low, l0), i8x16.relaxed_swizzle(high, h0)));
      c1 = v128.xor(c1, v128.xor(i8x16.relaxed_swizzle(low, l1), i8x16.relaxed_swizzle(high, h1)));
      from += length;
      table += 32;
    }
    const to = output + at;
    v128.store(to, a0);
    v128.store(to, a1, 16);
    v128.store(to + length, b0);
    v128.store(to + length, b1, 16);
    v128.store(to + 2 * length, c0);
    v128.store(to + 2 * length, c1, 16);
  }
  if (at < length) {
    for (let row: usize = 0; row < 3; row++) {
      combineAt(tables + row * ROW, input, output + row * length, length, at);
    }
  }
}

/** One output. */
export function combine1(tables: usize, input: usize, output: usize, length: usize): void {
  for (let at: usize = 0; at < length; at += 16) combineAt(tables, input, output, length, at);
}

// @ts-ignore: decorator
@inline
function combineAt(tables: usize, input: usize, output: usize, length: usize, at: usize): void {
  const mask = i8x16.splat(15);
  let sum = i8x16.splat(0);
  for (let i: usize = 0; i < INPUTS; i++) {
    const x = v128.load(input + i * length + at);
    const low = i8x16.relaxed_swizzle(v128.load(tables + i * 32), v128.and(x, mask));
    const high = i8x16.relaxed_swizzle(v128.load(tables + i * 32 + 16), v128.and(i16x8.shr_u(x, 4), mask));
    sum = v128.xor(sum, v128.xor(low, high));
  }
  v128.store(output + at, sum);
}
