/** Turns a stripe's data and directory into the bytes that each of a segment's shard files gets. */
import assert from 'node:assert';
import { crc32 } from 'node:zlib';
import type { EncoderPool } from './encoder-pool.ts';
import type { Scheme } from './scheme.ts';
import { encodeShardHeader } from './shard-header.ts';
import { blockCount, HEADER_BYTES, pageEnd, UNIT_BYTES_MAX, unitFor, unitShift } from './stripe.ts';
import type { StripeBuffer, StripeBuffers, StripeShape } from './stripe-buffers.ts';

/** What a stripe holds and where it goes. */
export interface StripePlan {
  readonly scheme: Scheme;
  readonly segment: string;
  readonly offset: number;
  readonly dataLength: number;
  readonly directory: Buffer;
  readonly directoryUnit: number;
  /** Whether it is stored in whole pages; its data lies in the buffer as its first unit will in its page. */
  readonly inPages?: boolean;
}

/** For each shard the pieces of its part of the stripe: header, data unit, directory unit. */
export type ShardPieces = Buffer[][];

interface EncodedUnits {
  readonly units: readonly Buffer[];
  readonly checksums: readonly number[][];
}

export class StripeEncoder {
  readonly #buffers: StripeBuffers;
  readonly #pool: EncoderPool;

  constructor(buffers: StripeBuffers, pool: EncoderPool) {
    this.#buffers = buffers;
    this.#pool = pool;
  }

  /** A stripe whose data lies in a stripe buffer. The pieces are views of the buffer: release it once they are stored. */
  async encode(plan: StripePlan, buffer: StripeBuffer): Promise<ShardPieces> {
    const { scheme, dataLength, directory, directoryUnit } = plan;
    const unit = unitFor(scheme, dataLength);
    const lies = plan.inPages ? { at: unitShift(plan.offset), apart: pageEnd(unit) } : { at: 0, apart: unit };
    const shape = { scheme, unit, ...lies };
    buffer.data.fill(0, lies.at + dataLength, lies.at + unit * scheme.dataShards);
    await this.#pool.encode(buffer, shape);
    const data = unitsOf(buffer, shape);
    return shardPieces(plan, data, this.#encodeNow(directory, { scheme, unit: directoryUnit }));
  }

  /** A stripe whose data lies anywhere. The pieces are copies. */
  encodeCopy(plan: StripePlan, data: Buffer): ShardPieces {
    const { scheme, dataLength, directory, directoryUnit } = plan;
    const encoded = this.#encodeNow(data.subarray(0, dataLength), { scheme, unit: unitFor(scheme, dataLength) });
    return shardPieces(plan, encoded, this.#encodeNow(directory, { scheme, unit: directoryUnit }));
  }

  #encodeNow(bytes: Buffer, shape: StripeShape): EncodedUnits {
    const unitsBytes = shape.scheme.dataShards * shape.unit;
    assert(bytes.length <= unitsBytes && shape.unit <= UNIT_BYTES_MAX, 'the bytes fit in the units of the data shards');
    const { scratch } = this.#buffers;
    bytes.copy(scratch.data);
    scratch.data.fill(0, bytes.length, unitsBytes);
    scratch.encode(shape);
    const { units, checksums } = unitsOf(scratch, shape);
    return { units: units.map((view) => Buffer.from(view)), checksums };
  }
}

function unitsOf(buffer: StripeBuffer, { scheme, ...lies }: StripeShape): EncodedUnits {
  const shards = Array.from({ length: scheme.shards }, (_, shard) => shard);
  return {
    units: shards.map((shard) => buffer.unit({ scheme, shard, ...lies })),
    checksums: shards.map((shard) => buffer.checksums({ shard, blocks: blockCount(lies.unit) })),
  };
}

function shardPieces(plan: StripePlan, data: EncodedUnits, directory: EncodedUnits): ShardPieces {
  const headers = Buffer.alloc(plan.scheme.shards * HEADER_BYTES);
  return data.units.map((unit, shard) => {
    const header = headers.subarray(shard * HEADER_BYTES, (shard + 1) * HEADER_BYTES);
    const directoryUnit = directory.units[shard] ?? Buffer.alloc(0);
    encodeShardHeader(
      {
        scheme: plan.scheme.name,
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
