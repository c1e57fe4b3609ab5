/** Disk and zone folders lost and found again under a running server, seen through an AWS client. */
import { once } from 'node:events';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { DataFolders, diskNames, zoneNames } from '../support/data-folders.ts';
import { drawn } from '../support/ring.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { compare, expectUnavailable, type ReadOutcome, StoredObjects } from '../support/stored-objects.ts';
import { useDaemon } from '../support/use-daemon.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const seed = 20_261_122;
/** The longest until the server has seen that folders have gone or come back. */
const noticeLimitMs = 30_000;

const daemon = useDaemon({ isHosted: false, environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
let folders: DataFolders;
/** Put while all nine disks were there: they stand the loss of any three. */
let objects: StoredObjects;
/** One object so long that most of it is still on the disks when a client has its first bytes and pauses. */
let long: StoredObjects;
/** Put by a test in whatever state the disks were: they are all there when the disks are. */
let others: StoredObjects;

beforeAll(async () => {
  folders = new DataFolders(daemon().dataDirectory);
  objects = new StoredObjects(daemon().client, await daemon().newBucket());
  await objects.put('empty', 0);
  await objects.put('one byte', 1);
  await objects.put('small', 4 * kibibyte);
  await objects.put('packed', 100 * kibibyte);
  await objects.put('limit', mebibyte);
  await objects.put('streamed', 5 * mebibyte + 4711);
  await objects.putInParts('in parts', 6 * mebibyte + 7);
  long = new StoredObjects(daemon().client, await daemon().newBucket());
  await long.put('long', 32 * mebibyte);
});

beforeEach(async () => {
  others = new StoredObjects(daemon().client, await daemon().newBucket());
});

afterEach(async () => {
  await folders.giveBack();
  await healed();
  await others.expectRight();
});

/** Puts an object of a new key. */
async function putAnother(size = 5000): Promise<void> {
  await others.put(`other ${others.contents.size}`, size);
}

/** Waits until a write reaches all nine disks. */
async function healed(): Promise<void> {
  await vi.waitFor(
    async () => {
      const before = await folders.shardBytes();
      await putAnother();
      const after = await folders.shardBytes();
      expect(after.filter((bytes, i) => bytes > (before[i] ?? 0)).length).toBe(diskNames.length);
    },
    { timeout: noticeLimitMs, interval: 50 },
  );
}

/** Waits until writes are refused; those that still succeed must have succeeded for good. */
async function writesRefused(): Promise<void> {
  await vi.waitFor(
    async () => {
      const refusal = await putAnother().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).toBeDefined();
      expectUnavailable(refusal);
    },
    { timeout: noticeLimitMs, interval: 50 },
  );
}

/** Begins to read the long object and pauses. The function returned reads the rest. */
async function beginToRead(): Promise<() => Promise<ReadOutcome>> {
  const expected = long.contents.get('long') ?? Buffer.of();
  const stream = await long.open('long');
  await once(stream, 'readable');
  const first: unknown = stream.read();
  expect(Buffer.isBuffer(first) && first.equals(expected.subarray(0, first.length))).toBe(true);
  return () => compare(stream, expected, Buffer.isBuffer(first) ? first.length : 0);
}

function drawDisks(random: SeededRandom, count: number): string[] {
  const left = [...diskNames];
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)).flat();
}

function triples(): { names: string[]; title: string }[] {
  const random = new SeededRandom(seed);
  return [0, 1, 2].map(() => {
    const names = drawDisks(random, 3);
    return { names, title: names.join(' ') };
  });
}

describe('three disks lost', () => {
  const losses = [...triples(), ...zoneNames.map((zone) => ({ names: [zone], title: zone }))];
  test.for(drawn(losses, 2, seed))(
    '$title moved away → every object reads back, a read under way too; writes answer 503 until they are back',
    async ({ names }) => {
      const finishReading = await beginToRead();
      await folders.lose(names);
      await objects.expectRight();
      await writesRefused();
      expect(await finishReading()).toBe('right');
      await objects.expectRight();
      await folders.giveBack();
      await healed();
      await objects.expectRight();
    },
  );
});

describe('one or two disks lost', () => {
  test.for([1, 2])('%i moved away → writes of every kind succeed and read back', async (count) => {
    await folders.lose(drawDisks(new SeededRandom(seed + count), count));
    for (const size of [0, 1, 100 * kibibyte, 3 * mebibyte]) await putAnother(size);
    await others.putInParts('in parts', 6 * mebibyte);
    await others.expectRight();
    await objects.expectRight();
    await folders.giveBack();
    await others.expectRight();
  });

  test('two moved away, then another one instead → what was written on seven disks reads back', async () => {
    const disks = drawDisks(new SeededRandom(seed + 10), 3);
    await folders.lose(disks.slice(0, 2));
    await putAnother(2 * mebibyte);
    await putAnother();
    await folders.giveBack();
    await healed();
    await folders.lose(disks.slice(2));
    await others.expectRight();
  });
});

describe('four disks lost', () => {
  test('four moved away → reads are right or typed 503s, never wrong; put back → all is well', async () => {
    const finishReading = await beginToRead();
    await folders.lose(drawDisks(new SeededRandom(seed + 20), 4));
    for (const key of objects.contents.keys()) await objects.read(key);
    await vi.waitFor(async () => expect(await objects.read('packed')).toBe('refused'), { timeout: noticeLimitMs });
    expect(await finishReading()).toBe('cut');
    for (const key of ['small', 'limit', 'streamed', 'in parts']) expect(await objects.read(key)).toBe('refused');
    expect(await objects.read('empty')).toBe('right');
    await writesRefused();
    await folders.giveBack();
    await healed();
    await objects.expectRight();
  });
});

describe('restarts', () => {
  test.for(drawn(zoneNames, 1, seed))(
    'stopped, %s lost, started, given back → every object reads back all the while',
    async (zone) => {
      await folders.lose([zone]);
      await daemon().restart();
      await objects.expectRight();
      await writesRefused();
      await folders.giveBack();
      await healed();
      await objects.expectRight();
      await daemon().restart();
      await objects.expectRight();
    },
  );

  test('killed with a zone away, started with it back → every object reads back', async () => {
    await folders.lose(['zone-a']);
    await objects.expectRight();
    await daemon().kill9();
    await folders.giveBack();
    await daemon().start();
    await objects.expectRight();
  });
});
