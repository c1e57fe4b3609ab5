/** What is told and replicated enters the index as arrivals, and moves to its tables some hundreds at once: nobody sees where it lies. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Index } from '../../src/meta/types.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { createBucket, IndexFixture, put } from './index-fixture.ts';

const seed = 20_261_128;
const changes = 300;
/** What waits moves when so many sequences have come after it: those of events that are gone, in the midst of the changes. */
const passing = 4096 + 256;
const passingAt = changes / 2;
const targets = ['a', 'b'];
const destinations = ['arn:aws:s3:::x', 'arn:aws:s3:::y'];

let fixture: IndexFixture;
let index: Index;
let bucketId: number;

beforeEach(async () => {
  fixture = new IndexFixture();
  index = await fixture.open();
  bucketId = await createBucket(index, 'bucket');
  await index.submit({ type: 'set-versioning', bucketId, versioning: 'Enabled' });
});
afterEach(async () => {
  await index.close();
  fixture.remove();
});

interface Expected {
  readonly sequence: number;
  readonly kind: 'event' | 'change';
  readonly address: string;
  readonly key: string;
  readonly versionId: string;
  isDead: boolean;
}

/** What waits by the reference, in its order. */
function chosen(all: readonly Expected[], where: Partial<Expected>): readonly number[] {
  return all
    .filter((one) => Object.entries(where).every(([name, value]) => Reflect.get(one, name) === value))
    .map(({ sequence }) => sequence);
}

/** Page by page, as those who deliver read. */
async function pages(read: (after: number) => Promise<readonly { sequence: number }[]>): Promise<readonly number[]> {
  const found: number[] = [];
  for (let more = true; more; ) {
    const page = await read(found.at(-1) ?? 0);
    found.push(...page.map(({ sequence }) => sequence));
    more = page.length > 0;
  }
  return found;
}

/** Asks for everything in every way, and compares it with what is expected. */
async function compare(all: readonly Expected[]): Promise<void> {
  const through = Number.MAX_SAFE_INTEGER;
  const key = 'key-1';
  for (const address of targets) {
    const here = { kind: 'event', address } as const;
    const waiting = { ...here, isDead: false };
    const asked = { target: address, limit: 7 };
    expect(await pages((after) => index.listEvents({ ...asked, after }))).toEqual(chosen(all, waiting));
    const ofKey = await pages((after) => index.listEventsOn({ ...asked, after, through, bucket: 'bucket', key }));
    expect(ofKey).toEqual(chosen(all, { ...waiting, key }));
    for (const isDead of [false, true]) {
      const size = (await index.countEvents()).find((one) => one.target === address && one.isDead === isDead);
      expect(size?.events ?? 0).toBe(chosen(all, { ...here, isDead }).length);
    }
  }
  for (const address of destinations) {
    const here = { kind: 'change', address } as const;
    const asked = { destination: address, limit: 7 };
    const waiting = await pages((after) => index.listReplication({ ...asked, after, isFailed: false }));
    expect(waiting).toEqual(chosen(all, { ...here, isDead: false }));
    const failed = await pages((after) => index.listReplication({ ...asked, after, isFailed: true }));
    expect(failed).toEqual(chosen(all, { ...here, isDead: true }));
    const ofKey = await pages((after) => index.listReplicationOn({ ...asked, after, through, bucketId, key }));
    expect(ofKey).toEqual(chosen(all, { ...here, key, isDead: false }));
    for (const isFailed of [false, true]) {
      const sizes = (await index.countReplication()).filter((one) => one.destination === address);
      const size = sizes.filter((one) => one.isFailed === isFailed);
      const entries = chosen(all, { ...here, isDead: isFailed }).length;
      expect(size.reduce((sum, one) => sum + one.entries, 0)).toBe(entries);
      expect(size.reduce((sum, one) => sum + one.bytes, 0)).toBe(entries * 10);
    }
  }
  const waitedFor = new Set(
    all.filter(({ kind, isDead }) => kind === 'change' && !isDead).map(({ address }) => address),
  );
  const found: string[] = [];
  for (let next = await index.nextReplicationDestination(''); next !== undefined; ) {
    found.push(next);
    next = await index.nextReplicationDestination(next);
  }
  expect(found).toEqual([...waitedFor].toSorted());
}

test(`changes that are told and replicated, some settled early, some late, some failed → the same as in a list (seed ${seed})`, async () => {
  const random = new SeededRandom(seed);
  const cause = { requestId: 'R', hostId: 'H', requester: 'AWS:user', sourceAddress: '127.0.0.1' };
  let all: Expected[] = [];
  let sequence = 0;
  const pass = async (): Promise<void> => {
    const to = Array.from({ length: passing }, () => ({ target: 'c', rule: 'r' }));
    await index.submit({
      ...put(bucketId, 'passing', 1),
      versionId: 'passing',
      notice: { event: 'E', cause, atMs: 5, to },
    });
    await index.submit({ type: 'settle-events', delivered: to.map(() => ++sequence), dead: [] });
  };
  for (let n = 1; n <= changes; n++) {
    const key = `key-${random.below(4)}`;
    const versionId = `version-${n}`;
    const told = targets.filter(() => random.below(3) > 0);
    const copied = destinations.filter(() => random.below(3) > 0);
    const command = { ...put(bucketId, key, n), versionId, size: 10 };
    await index.submit({
      ...command,
      ...(told.length > 0 && {
        notice: { event: 'E', cause, atMs: 5, to: told.map((target) => ({ target, rule: 'r' })) },
      }),
      ...(copied.length > 0 && {
        attributes: { ...command.attributes, replication: 'PENDING' as const },
        replicate: { atMs: 5, to: copied.map((destination) => ({ destination, rule: `r${random.below(2)}` })) },
      }),
    });
    for (const [kind, addresses] of [
      ['event', told],
      ['change', copied],
    ] as const) {
      for (const address of addresses) all.push({ sequence: ++sequence, kind, address, key, versionId, isDead: false });
    }
    // Some of the last ones, and some of the first.
    const done = all.filter(({ isDead }, at) => !isDead && random.below(4) === 0 && (at > all.length - 4 || at < 2));
    const dead = done.length > 1 && random.below(5) === 0 ? done.splice(0, 1) : [];
    for (const one of dead) one.isDead = true;
    all = all.filter((one) => !done.includes(one));
    const events = (some: readonly Expected[]) => chosen(some, { kind: 'event' });
    await index.submit({ type: 'settle-events', delivered: events(done), dead: events(dead) });
    const settled = [...done, ...dead].filter(({ kind }) => kind === 'change');
    await index.submit({
      type: 'settle-replication',
      settled: settled.map((one) => ({
        sequence: one.sequence,
        bucketId,
        key: one.key,
        ...(one.isDead && { failure: 'f' }),
      })),
    });
    for (const one of settled) {
      const left = all.filter(({ kind, versionId: of }) => kind === 'change' && of === one.versionId);
      const status = left.some(({ isDead }) => !isDead) ? 'PENDING' : left.length > 0 ? 'FAILED' : 'COMPLETED';
      expect((await index.getVersion(bucketId, one.key, one.versionId))?.attributes.replication).toBe(status);
    }
    if (n % 25 === 0) await compare(all);
    if (n === passingAt) await pass();
  }
  await index.close();
  index = await fixture.open();
  await compare(all);
});
