/**
 * The code of a scheme: the first shards are the data, the others parity. Parity shard p, data shard d has the coefficient
 * 1 / (p ^ d), a Cauchy matrix: every square part of it is invertible, so any shards as many as those of data give back the
 * others. Where there is one data shard its coefficient is 1, so that every shard is a copy.
 */
import assert from 'node:assert';
import type { Scheme } from '../scheme.ts';
import { inverse, invert, type Matrix, multiply } from './galois.ts';

type Shape = Pick<Scheme, 'dataShards' | 'parityShards'>;

/** Coefficients of shard `index` in terms of the data shards. */
function shardRow({ dataShards }: Shape, index: number): number[] {
  if (dataShards === 1) return [1];
  return Array.from({ length: dataShards }, (_, column) =>
    index < dataShards ? Number(index === column) : inverse(index ^ column),
  );
}

/** How each parity shard follows from the data shards. */
export function parityRows(scheme: Shape): Matrix {
  return Array.from({ length: scheme.parityShards }, (_, i) => shardRow(scheme, scheme.dataShards + i));
}

/**
 * Rows that give the shards `wanted` from the distinct shards `present`, as many as those of data, in the order of `present`.
 */
export function recoveryRows(scheme: Shape, present: readonly number[], wanted: readonly number[]): Matrix {
  const { dataShards } = scheme;
  assert(
    present.length === dataShards && new Set(present).size === dataShards,
    'as many distinct shards are needed as those of data',
  );
  const toData = invert(present.map((shard) => shardRow(scheme, shard)));
  assert(toData, 'any so many rows of the code are independent');
  return wanted.map((shard) => {
    const row = shardRow(scheme, shard);
    return Array.from({ length: dataShards }, (_, column) =>
      row.reduce((sum, factor, i) => sum ^ multiply(factor, toData[i]?.[column] ?? 0), 0),
    );
  });
}

/** Split-nibble tables of rows of coefficients: 32 bytes a coefficient, products of 0–15, then of 0, 16, … 240. */
export function nibbleTables(rows: Matrix): Uint8Array {
  const factors = rows.flat();
  const tables = new Uint8Array(factors.length * 32);
  factors.forEach((factor, i) => {
    for (let nibble = 0; nibble < 16; nibble++) {
      tables[i * 32 + nibble] = multiply(factor, nibble);
      tables[i * 32 + 16 + nibble] = multiply(factor, nibble << 4);
    }
  });
  return tables;
}
