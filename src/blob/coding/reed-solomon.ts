/**
 * The 6+3 code: shards 0–5 are the data, shards 6–8 are parity. Parity row p, column d is 1 / ((6 + p) ^ d), a Cauchy
 * matrix: every square part of it is invertible, so any six of the nine shards give back the other three.
 */
import assert from 'node:assert';
import { inverse, invert, type Matrix, multiply } from './galois.ts';

export const DATA_SHARDS = 6;
export const PARITY_SHARDS = 3;
export const SHARDS = DATA_SHARDS + PARITY_SHARDS;

/** Coefficients of shard `index` in terms of the six data shards. */
function shardRow(index: number): number[] {
  return Array.from({ length: DATA_SHARDS }, (_, column) =>
    index < DATA_SHARDS ? Number(index === column) : inverse(index ^ column),
  );
}

/** Three rows of six: how each parity shard follows from the data shards. */
export const PARITY_ROWS: Matrix = Array.from({ length: PARITY_SHARDS }, (_, i) => shardRow(DATA_SHARDS + i));

/**
 * Rows that give the shards `wanted` from the six distinct shards `present`, in the order of `present`.
 */
export function recoveryRows(present: readonly number[], wanted: readonly number[]): Matrix {
  assert(present.length === DATA_SHARDS && new Set(present).size === DATA_SHARDS, 'six distinct shards are needed');
  const toData = invert(present.map(shardRow));
  assert(toData, 'any six rows of the code are independent');
  return wanted.map((shard) => {
    const row = shardRow(shard);
    return Array.from({ length: DATA_SHARDS }, (_, column) =>
      row.reduce((sum, factor, i) => sum ^ multiply(factor, toData[i]?.[column] ?? 0), 0),
    );
  });
}

/** Split-nibble tables of rows of coefficients: 32 bytes a coefficient, products of 0–15, then of 0, 16, … 240. */
export function nibbleTables(rows: Matrix): Uint8Array {
  const tables = new Uint8Array(rows.length * DATA_SHARDS * 32);
  rows.flat().forEach((factor, i) => {
    for (let nibble = 0; nibble < 16; nibble++) {
      tables[i * 32 + nibble] = multiply(factor, nibble);
      tables[i * 32 + 16 + nibble] = multiply(factor, nibble << 4);
    }
  });
  return tables;
}
