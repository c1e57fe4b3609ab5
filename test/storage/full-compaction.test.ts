/** Space comes back on disks that are full, on real file systems of a few MiB: condition → result. */
import { expect, onTestFinished, test } from 'vitest';
import type { Bucket } from '../../src/engine/types.ts';
import { collectGarbage } from '../../src/jobs/collect-garbage.ts';
import { compact } from '../../src/jobs/compact.ts';
import { EngineStore, owner } from '../support/engine-store.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { mountSmallDisk } from '../support/small-disk.ts';

const MIB = 1024 * 1024;
const graceMs = 60_000;
const reserveBytes = 16 * MIB;
const quiet = { diskCheckIntervalMs: 0, encoderThreadCount: 0, stripeBufferCount: 8 };

/** A store all of which, log and index too, lies on one file system, so that the reserve must serve them all. */
async function storeOn(mebibytes: number): Promise<EngineStore> {
  const store = await EngineStore.create({}, { ...quiet, reserveBytes });
  onTestFinished(() => store[Symbol.asyncDispose]());
  await mountSmallDisk(store.folder, mebibytes);
  await store.start();
  onTestFinished(() => store.stop());
  return store;
}

/** Puts objects until there is no space. */
async function fill(store: EngineStore, bucket: Bucket, random: SeededRandom): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  for (;;) {
    const content = random.bytes(random.below(3) === 0 ? 2 * MIB + random.below(MIB) : 5000 + random.below(60_000));
    const key = `${contents.size}`;
    try {
      await store.put(bucket, key, content);
    } catch (error) {
      expect(error).toMatchObject({ code: 'StorageFull' });
      return contents;
    }
    contents.set(key, content);
    await store.blobs.checkDisks();
  }
}

test('half of the objects of a full store deleted → compaction lives on the reserve, and writes are accepted again', async () => {
  const store = await storeOn(160);
  const random = new SeededRandom(11);
  const bucket = await store.newBucket();
  const contents = await fill(store, bucket, random);
  await expect(store.put(bucket, 'small', 'bytes')).rejects.toMatchObject({ code: 'StorageFull' });
  for (const key of [...contents.keys()].filter(() => random.below(2) === 0)) {
    await store.engine.objects.delete({ bucket, key, owner });
    contents.delete(key);
  }
  const { clock, compaction, engine } = store;
  const compacting = compact({ compaction, clock, deadShareMin: 0.2, bytesPerSecond: 1024 * MIB });
  const collecting = collectGarbage({ garbage: engine.garbage, clock, graceMs });
  // As long as what it has emptied is not collected, it stops before it takes what deletes need.
  for (; (await compacting.step()) === 'busy'; store.nowMs += 1000) await store.blobs.checkDisks();
  const [disk] = store.blobs.disks();
  expect(disk?.freeBytes).toBeGreaterThan(reserveBytes / 8);
  for (let idle = 0; idle < 3; store.nowMs += graceMs) {
    const outcomes = [await compacting.step(), await collecting.step()];
    idle = outcomes.every((outcome) => outcome === 'idle') ? idle + 1 : 0;
    await store.blobs.checkDisks();
  }
  expect(Number(compacting.status()['compactedSegments'])).toBeGreaterThan(3);
  await store.put(bucket, 'again', random.bytes(4 * MIB));
  for (const [key, content] of contents) expect((await store.get(bucket, key)).equals(content)).toBe(true);
});
