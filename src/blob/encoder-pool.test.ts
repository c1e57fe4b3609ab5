import { describe, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { createCoder, createCoderMemory } from './coding/coder.ts';
import { EncoderPool } from './encoder-pool.ts';
import { silentLog } from './options.ts';
import { ALL_SCHEMES, SCHEMES } from './scheme.ts';
import { StripeBuffers, stripeMemoryBytes } from './stripe-buffers.ts';

const UNIT = 256 * 1024;
const DEFAULT = SCHEMES['6+3'];
const SHAPES = ALL_SCHEMES.flatMap((scheme) => [
  { scheme, unit: UNIT },
  { scheme, unit: 20_016, at: 144, apart: 20_480 },
]);

describe('EncoderPool', () => {
  it.each(SHAPES)(
    '$scheme.name, units of $unit: encodes the same on a thread, inline, and when its threads end with work in hand',
    async (shape) => {
      const coder = createCoder(createCoderMemory(stripeMemoryBytes(1)));
      const buffers = new StripeBuffers(coder, 4);
      const [first, ...others] = await Promise.all([1, 2, 3, 4].map(() => buffers.acquire()));
      if (!first) return;
      for (const buffer of [first, ...others])
        for (let i = 0; i < buffer.data.length; i++) buffer.data[i] = i * 7 + (i >> 11);
      const { scheme, unit, at = 0 } = shape;
      const data = Array.from({ length: scheme.dataShards }, (_, shard) =>
        Buffer.from(first.data.subarray(at + shard * unit, at + (shard + 1) * unit)),
      );
      await new EncoderPool(0, silentLog).encode(first, shape);
      for (const [shard, bytes] of data.entries()) expect(first.unit({ ...shape, shard }).equals(bytes)).toBe(true);

      const pool = new EncoderPool(2, silentLog);
      await pool.encode(others[0] ?? first, shape);
      const interrupted = others.slice(1).map((buffer) => pool.encode(buffer, shape));
      await pool.close();
      await Promise.all(interrupted);
      for (const buffer of others) {
        for (let shard = 0; shard < shape.scheme.shards; shard++) {
          expect(buffer.unit({ ...shape, shard }).equals(first.unit({ ...shape, shard }))).toBe(true);
          expect(buffer.checksums({ shard, blocks: 4 })).toEqual(first.checksums({ shard, blocks: 4 }));
        }
      }
    },
  );

  it('ends its threads and gives up the memory when nobody uses them, and has others encode the same in another one', async () => {
    const coder = createCoder(createCoderMemory(stripeMemoryBytes(1)));
    const buffers = new StripeBuffers(coder, 2, { idleMsMax: 20 });
    const pool = new EncoderPool(2, silentLog, { idleMsMax: 20 });
    const encoded = async (): Promise<Buffer> => {
      const buffer = await buffers.acquire();
      for (let i = 0; i < buffer.data.length; i++) buffer.data[i] = i * 3 + (i >> 9);
      const shape = { scheme: DEFAULT, unit: UNIT };
      await pool.encode(buffer, shape);
      const parity = Buffer.from(buffer.unit({ ...shape, shard: 8 }));
      expect([pool.threads, buffers.hasMemory]).toEqual([1, true]);
      buffers.release(buffer);
      return parity;
    };
    const first = await encoded();
    await eventually(() => expect([pool.threads, buffers.hasMemory]).toEqual([0, false]));
    expect((await encoded()).equals(first)).toBe(true);
    await pool.close();
  });
});
