/** Uploads that are slow, beside others: who waits for whom, and that every byte is right however a stripe was filled. */
import { describe, expect, test } from 'vitest';
import { createCoder, createCoderMemory } from '../../src/blob/coding/coder.ts';
import { FillingStripe } from '../../src/blob/filling-stripe.ts';
import { StripeBuffers, stripeMemoryBytes } from '../../src/blob/stripe-buffers.ts';
import { BlobDisks, label, sampleBytes } from '../support/blob-disks.ts';

const PIECE = 64 * 1024;

/** Gives some pieces of its bytes, and the others only when it is let. */
class HeldSource {
  readonly bytes: Buffer;
  readonly #first: number;
  readonly #open = Promise.withResolvers<void>();

  constructor(seed: number, { first, size }: { first: number; size: number }) {
    this.bytes = sampleBytes(size, seed);
    this.#first = first;
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < this.bytes.length; at += PIECE) {
      if (at >= this.#first) await this.#open.promise;
      yield Buffer.from(this.bytes.subarray(at, at + PIECE));
    }
  }

  letGo(): void {
    this.#open.resolve();
  }
}

test('fifty uploads that stand still, of any part of a stripe → others go on; let go → each byte is right', async () => {
  const store = await (await BlobDisks.create()).open({ stripeBufferCount: 4, stripeFillMsMax: 20 });
  const slow = Array.from({ length: 50 }, (_, i) => {
    return new HeldSource(i, { first: ((i % 8) + 1) * PIECE, size: 2_000_000 + i });
  });
  const writes = slow.map((source) => store.write(source.pieces(), label('slow')));
  const fast = new HeldSource(99, { first: Number.POSITIVE_INFINITY, size: 8_000_000 });
  const ref = await store.write(fast.pieces(), label('fast'));
  for (const source of slow) source.letGo();
  const refs = await Promise.all(writes);
  for (const [source, written] of [[fast, ref] as const, ...slow.map((source, i) => [source, refs[i]] as const)]) {
    if (written === undefined) throw new Error('every write has ended');
    const read: Uint8Array[] = [];
    for await (const chunk of store.read(written, { start: 0, end: written.size })) read.push(Uint8Array.from(chunk));
    expect(Buffer.concat(read).equals(source.bytes)).toBe(true);
  }
});

test('slow uploads that break off → nothing is kept of them', async () => {
  const store = await (await BlobDisks.create()).open({ stripeBufferCount: 2, stripeFillMsMax: 20 });
  for (let round = 0; round < 3; round++) {
    const broken = Promise.withResolvers<never>();
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield sampleBytes(PIECE, 1);
      await broken.promise;
    }
    const writes = Array.from({ length: 30 }, () => store.write(breaking(), label('slow')).catch(() => 'broken'));
    const fast = new HeldSource(round, { first: Number.POSITIVE_INFINITY, size: 3_000_000 });
    expect((await store.write(fast.pieces(), label('fast'))).size).toBe(3_000_000);
    broken.reject(new Error('gone'));
    expect(new Set(await Promise.all(writes))).toEqual(new Set(['broken']));
  }
});

describe('stripe buffers', () => {
  const full = 1_572_864;

  function pool(count: number, ownBytesMax?: number) {
    const clock = { ms: 0, nowMs: () => clock.ms };
    const options = { clock, fillMsMax: 1000, ...(ownBytesMax !== undefined && { ownBytesMax }) };
    const buffers = new StripeBuffers(createCoder(createCoderMemory(stripeMemoryBytes(1))), count, options);
    return { clock, buffers, stripe: () => new FillingStripe(buffers, full, () => 0) };
  }

  test('filled for less than a second → kept; longer → given up, the longest first', async () => {
    const { clock, buffers, stripe } = pool(2);
    const [first, second] = [stripe(), stripe()];
    await first.add(Buffer.alloc(100, 1));
    clock.ms = 500;
    await second.add(Buffer.alloc(100, 2));
    clock.ms = 1100;
    const buffer = await buffers.acquire();
    expect(buffers.tryAcquire()).toBeUndefined();
    buffers.release(buffer);
    await first.settle();
    const taken = first.take();
    expect(taken.buffer.data.subarray(0, 101)).toEqual(
      Buffer.concat([Buffer.alloc(100, 1), taken.buffer.data.subarray(100, 101)]),
    );
    expect(second.length).toBe(100);
  });

  test('no memory is left for those who give up → they keep their buffers', async () => {
    const { clock, buffers, stripe } = pool(1, 64 * 1024);
    const filling = stripe();
    await filling.add(Buffer.alloc(65 * 1024, 1));
    clock.ms = 5000;
    expect(filling.giveUp()).toBeUndefined();
    filling.drop();
    expect(buffers.tryAcquire()).toBeDefined();
  });

  test('what is dropped → gives its memory back', async () => {
    const { buffers, stripe } = pool(1, 64 * 1024);
    for (let round = 0; round < 5; round++) {
      const filling = stripe();
      await filling.add(Buffer.alloc(100));
      const buffer = filling.giveUp();
      if (buffer === undefined) throw new Error('there is memory for it');
      buffers.release(buffer);
      filling.drop();
    }
    expect(buffers.reserveOwn(64 * 1024)).toBe(true);
  });
});
