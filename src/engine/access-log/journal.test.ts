import { zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { AddLogBatch } from '../../meta/access-log-commands.ts';
import type { Index } from '../../meta/types.ts';
import { AccessJournal } from './journal.ts';
import { decodeSource } from './source.ts';

const dayMs = 86_400_000;
const bucketOf = (id: number) =>
  ({ id, name: `bucket-${id}`, region: 'r', owner: 'o', createdMs: 0, versioning: 'Unversioned' }) as const;
const configuration = { target: 'logs', prefix: '', grants: [] };

/** An index that keeps what it is given, unless it fails. */
class FakeIndex {
  readonly #kept: AddLogBatch[] = [];
  isFailing = false;
  waiting: Awaited<ReturnType<Index['listLogGroups']>> = [];
  async submit(command: unknown): Promise<undefined> {
    if (this.isFailing) throw new Error('no quorum');
    this.#kept.push(command as AddLogBatch);
    return undefined;
  }
  listLogGroups = async () => this.waiting;
  nextBucketWithConfig = async () => undefined;

  /** By bucket and day: those that are compressed at the same time come in any order. */
  get kept(): readonly AddLogBatch[] {
    return this.#kept.toSorted((a, b) => a.bucketId - b.bucketId || a.day - b.day);
  }
  get texts(): readonly string[] {
    return this.kept.map(({ text }) => zstdDecompressSync(Buffer.from(text, 'base64')).toString());
  }
}

function journalOn(waitingBytesMax = 1_000_000) {
  const index = new FakeIndex();
  const journal = new AccessJournal({ index: index as never, waitingBytesMax });
  const add = (text: string, atMs = 5, id = 1) => journal.add({ bucket: bucketOf(id), configuration }, { text, atMs });
  return { index, journal, add };
}

test('lines of two buckets and two days → a batch each, in their order, which says whose it is', async () => {
  const { index, journal, add } = journalOn();
  add('a\n');
  add('b\n');
  add('c\n', dayMs);
  add('d\n', 6, 2);
  await journal.flush();
  expect(index.texts).toEqual(['a\nb\n', 'c\n', 'd\n']);
  expect(index.kept.map(({ bucketId, day, lines, size }) => [bucketId, day, lines, size])).toEqual([
    [1, 0, 2, 4],
    [1, 1, 1, 2],
    [2, 0, 1, 2],
  ]);
  expect(decodeSource(index.kept[0]?.source ?? '')).toEqual({ bucket: bucketOf(1), configuration });
});

test('a commit that fails → its lines are kept with later ones, and none is lost', async () => {
  const { index, journal, add } = journalOn();
  index.isFailing = true;
  add('a\n');
  await journal.flush();
  add('b\n');
  index.isFailing = false;
  await journal.close();
  expect(index.texts).toEqual(['a\nb\n']);
  expect(journal.lost).toBe(0);
});

test('more than may wait of a bucket → lost and counted, until some of it is delivered; another bucket has its own room', async () => {
  const { index, journal, add } = journalOn(5);
  index.waiting = [{ bucketId: 1, day: 0, oldestMs: 0, lines: 1, size: 4 }];
  await journal.open();
  add('a\n');
  add('a\n', 5, 2);
  expect(journal.lost).toBe(1);
  journal.settled({ bucketId: 1, size: 4 });
  add('b\n');
  await journal.flush();
  expect(index.texts).toEqual(['b\n', 'a\n']);
  expect(journal.lost).toBe(1);
});

test('more in memory than there is room for, as nothing can be kept → lost and counted', async () => {
  const { index, journal, add } = journalOn(1_000_000_000);
  index.isFailing = true;
  const mebibyte = `${'x'.repeat(1024 * 1024 - 1)}\n`;
  for (let lines = 0; lines < 40; lines++) add(mebibyte);
  expect(journal.lost).toBe(8);
  await journal.flush();
  index.isFailing = false;
  await journal.flush();
  expect(index.kept.reduce((sum, { lines }) => sum + lines, 0)).toBe(32);
});

test('no bucket with a configuration → off once that is known', async () => {
  const { journal } = journalOn();
  expect(journal.isOn).toBe(true);
  await journal.open();
  expect(journal.isOn).toBe(false);
});
