/** Turns a stripe's data and directory into the bytes that each of the nine shard files gets. */
import assert from 'node:assert';
import { crc32 } from 'node:zlib';
import type { Coder } from './coding/coder.ts';
import { SHARDS } from './coding/reed-solomon.ts';
import type { EncoderPool } from './encoder-pool.ts';
import { encodeShardHeader } from './shard-header.ts';
import { blockCount, HEADER_BYTES, STRIPE_BYTES_MAX, unitFor } from './stripe.ts';
import type { StripeBuffer, StripeBuffers } from './stripe-buffers.ts';

/** What a stripe holds and where it goes. */
export interface StripePlan {
  readonly segment: string;
  readonly offset: number;
  readonly dataLength: number;
  readonly directory: Buffer;
  readonly directoryUnit: number;
}

/** For each shard the pieces of its part of the stripe: header, data unit, directory unit. */
export type ShardPieces = Buffer[][];

interface EncodedUnits {
  readonly units: readonly Buffer[];
  readonly checksums: readonly number[][];
}

export class StripeEncoder {
  readonly #coder: Coder;
  readonly #buffers: StripeBuffers;
  readonly #pool: EncoderPool;

  constructor(coder: Coder, buffers: StripeBuffers, pool: EncoderPool) {
    this.#coder = coder;
    this.#buffers = buffers;
    this.#pool = pool;
  }

  /** A stripe whose data lies in a stripe buffer. The pieces are views of the buffer: release it once they are stored. */
  async encode(plan: StripePlan, buffer: StripeBuffer): Promise<ShardPieces> {
    const unit = unitFor(plan.dataLength);
    buffer.data.fill(0, plan.dataLength, unit * 6);
    await this.#pool.encode(buffer, unit);
    const data = unitsOf(buffer, unit);
    return shardPieces(plan, data, this.#encodeNow(plan.directory, plan.directoryUnit));
  }

  /** A stripe whose data lies anywhere. The pieces are copies. */
  encodeCopy(plan: StripePlan, data: Buffer): ShardPieces {
    const encoded = this.#encodeNow(data.subarray(0, plan.dataLength), unitFor(plan.dataLength));
    return shardPieces(plan, encoded, this.#encodeNow(plan.directory, plan.directoryUnit));
  }

  #encodeNow(bytes: Buffer, unit: number): EncodedUnits {
    assert(bytes.length <= 6 * unit && unit * 6 <= STRIPE_BYTES_MAX, 'the bytes fit in six units');
    const { scratch } = this.#buffers;
    bytes.copy(scratch.data);
    scratch.data.fill(0, bytes.length, unit * 6);
    scratch.encode(this.#coder, unit);
    const { units, checksums } = unitsOf(scratch, unit);
    return { units: units.map((view) => Buffer.from(view)), checksums };
  }
}

function unitsOf(buffer: StripeBuffer, unit: number): EncodedUnits {
  const shards = Array.from({ length: SHARDS }, (_, shard) => shard);
  return {
    units: shards.map((shard) => buffer.unit({ shard, unit })),
    checksums: shards.map((shard) => buffer.checksums({ shard, blocks: blockCount(unit) })),
  };
}

function shardPieces(plan: StripePlan, data: EncodedUnits, directory: EncodedUnits): ShardPieces {
  const headers = Buffer.alloc(SHARDS * HEADER_BYTES);
  return data.units.map((unit, shard) => {
    const header = headers.subarray(shard * HEADER_BYTES, (shard + 1) * HEADER_BYTES);
    const directoryUnit = directory.units[shard] ?? Buffer.alloc(0);
    encodeShardHeader(
      {
        shard,
        segment: plan.segment,
        offset: plan.offset,
        unit: unit.length,
        dataLength: plan.dataLength,
        directoryLength: plan.directory.length,
        directoryUnit: plan.directoryUnit,
        blockCrcs: data.checksums[shard] ?? [],
        directoryCrc: crc32(directoryUnit),
      },
      header,
    );
    return [header, unit, directoryUnit];
  });
}
