/** Units of a stripe from others of it, whether of data or of the directory. */
import assert from 'node:assert';
import type { Coder } from './coding/coder.ts';
import type { Matrix } from './coding/galois.ts';
import { recoveryRows } from './coding/reed-solomon.ts';
import type { Scheme } from './scheme.ts';
import type { StripeBuffer } from './stripe-buffers.ts';

export interface RecoveryTools {
  readonly coder: Coder;
  /** In the coder's memory; nobody else's within a synchronous step. */
  readonly scratch: StripeBuffer;
}

/** A unit, or the same part of one, of a shard. */
export interface ShardUnit {
  readonly shard: number;
  readonly bytes: Buffer;
}

/**
 * The units of `wanted` from those of as many distinct shards as hold data, all of one length. They are views of the scratch:
 * use them before anything else does. At most as many are to be had at once as the scheme has parity shards.
 */
export function recoverUnits(
  { coder, scratch }: RecoveryTools,
  scheme: Scheme,
  present: readonly ShardUnit[],
  wanted: readonly number[],
): Buffer[] {
  const length = present[0]?.bytes.length ?? 0;
  assert(wanted.length <= scheme.parityShards, 'no more shards are lost than the code makes up for');
  for (const [i, { bytes }] of present.entries()) {
    assert(bytes.length === length, 'all units are of one length');
    bytes.copy(scratch.data, i * length);
  }
  const shards = present.map(({ shard }) => shard);
  const rows = cachedRows(scheme, shards, wanted);
  coder.recover(rows, { input: scratch.data.byteOffset, output: scratch.parity.byteOffset, length });
  return wanted.map((_, i) => scratch.parity.subarray(i * length, (i + 1) * length));
}

const rowsByShards = new Map<string, Matrix>();

/** There are few combinations, and each takes a matrix inversion. */
function cachedRows(scheme: Scheme, present: readonly number[], wanted: readonly number[]): Matrix {
  const key = `${scheme.name}:${present.join()}>${wanted.join()}`;
  const rows = rowsByShards.get(key) ?? recoveryRows(scheme, present, wanted);
  rowsByShards.set(key, rows);
  return rows;
}
