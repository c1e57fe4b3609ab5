/** The field GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d) and generator 2. */
import assert from 'node:assert';

const EXPONENTIALS = new Uint8Array(510);
const LOGARITHMS = new Uint8Array(256);

let power = 1;
for (let exponent = 0; exponent < 255; exponent++) {
  EXPONENTIALS[exponent] = power;
  EXPONENTIALS[exponent + 255] = power;
  LOGARITHMS[power] = exponent;
  power = power & 0x80 ? ((power << 1) ^ 0x11d) & 0xff : power << 1;
}

/** Product of two field elements. */
export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return EXPONENTIALS[(LOGARITHMS[a] ?? 0) + (LOGARITHMS[b] ?? 0)] ?? 0;
}

/** The element whose product with `a` is 1. `a` must not be 0. */
export function inverse(a: number): number {
  assert(a !== 0, 'zero has no inverse');
  return EXPONENTIALS[255 - (LOGARITHMS[a] ?? 0)] ?? 0;
}

/** Rows of field elements. */
export type Matrix = readonly (readonly number[])[];

/** Inverse of a square matrix by Gauss-Jordan elimination, or undefined if it is singular. */
export function invert(matrix: Matrix): number[][] | undefined {
  const size = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let column = 0; column < size; column++) {
    const pivotIndex = rows.findIndex((row, i) => i >= column && row[column] !== 0);
    const pivot = rows[pivotIndex];
    const other = rows[column];
    if (!pivot || !other) return undefined;
    rows[pivotIndex] = other;
    const scale = inverse(pivot[column] ?? 0);
    const scaled = pivot.map((value) => multiply(value, scale));
    rows[column] = scaled;
    for (let i = 0; i < size; i++) {
      const row = rows[i];
      const factor = row?.[column] ?? 0;
      if (i === column || !row || factor === 0) continue;
      rows[i] = row.map((value, j) => value ^ multiply(factor, scaled[j] ?? 0));
    }
  }
  return rows.map((row) => row.slice(size));
}
