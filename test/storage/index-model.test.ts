/** Random commands against the reference, through restarts and replays of the log. */
import { expect, test } from 'vitest';
import type { Command, Content, DeleteConditions, SharedSlice, WriteConditions } from '../../src/meta/commands.ts';
import type { Slice, Version } from '../../src/meta/records.ts';
import type { Index } from '../../src/meta/types.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { ATTRIBUTES, everything, IndexFixture, newContent } from './index-fixture.ts';
import { IndexReference, type ModelVersion, Refused, type Run } from './index-reference.ts';

const KEYS = ['a', 'a/b', 'ä'];
const ETAGS = ['e1', 'e2', 'e3'];
const BUCKETS = ['one', 'two'];

/** What commands are made of: chosen once for all of them, so that what is chosen next does not depend on the kind. */
interface Draft {
  readonly bucketId: number;
  readonly key: string;
  readonly ordinal: number;
  readonly versionId: string;
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly content: Content;
  readonly size: number;
}
type Weighted = readonly [weight: number, command: Command];

class Session {
  readonly random: SeededRandom;
  readonly model = new IndexReference();
  index: Index;
  #ordinal = 0;
  #blobs = 0;

  constructor(seed: number, index: Index) {
    this.random = new SeededRandom(seed);
    this.index = index;
  }

  /** One random command on both; they must agree. */
  async step(): Promise<void> {
    const { command, runs } = await this.#randomCommand();
    const expected = await outcome(async () => this.model.run(command, runs));
    expect(await outcome(() => this.index.submit(command)), JSON.stringify(command)).toEqual(expected);
  }

  async #randomCommand(): Promise<{ command: Command; runs: readonly Run[] }> {
    const { random } = this;
    const bucketId = random.pick([1, 1, 1, 2, 2, 3, ...this.model.buckets.keys()]);
    const isEnabled = this.model.buckets.get(bucketId)?.versioning === 'Enabled';
    const ordinal = ++this.#ordinal;
    const source = random.below(3) === 0 ? await this.#shared() : { slices: [], runs: [] };
    const draft: Draft = {
      bucketId,
      key: random.pick(KEYS),
      ordinal,
      versionId: isEnabled !== (random.below(20) === 0) ? `v${ordinal}` : 'null',
      etag: random.pick(ETAGS),
      lastModifiedMs: 1_000,
      ...this.#content(source.slices),
    };
    const commands = [...this.#onBuckets(draft), ...this.#onVersions(draft), ...this.#onUploads(draft)];
    const weighted = commands.flatMap(([weight, command]) => Array.from({ length: weight }, () => command));
    return { command: random.pick(weighted), runs: source.runs };
  }

  #content(slices: readonly SharedSlice[]): { content: Content; size: number } {
    if (slices.length === 0) {
      const size = this.random.below(4) * 5;
      return { content: newContent(++this.#blobs * 100, size), size };
    }
    return { content: { kind: 'shared', slices }, size: slices.reduce((sum, slice) => sum + slice.length, 0) };
  }

  #onBuckets({ bucketId }: Draft): Weighted[] {
    const { random } = this;
    const versioning = random.pick(['Enabled', 'Enabled', 'Suspended'] as const);
    return [
      [1, { type: 'create-bucket', name: random.pick(BUCKETS), region: 'r', owner: 'o', createdMs: 1 }],
      [1, { type: 'delete-bucket', bucketId }],
      [1, { type: 'set-versioning', bucketId, versioning }],
    ];
  }

  #onVersions(draft: Draft): Weighted[] {
    const { random } = this;
    const { bucketId, key, versionId: markerId } = draft;
    const there = this.model.buckets.get(bucketId)?.versions.get(key) ?? [];
    const versionId = random.pick([...there.map((version) => version.versionId), 'none', 'null']);
    return [
      [9, { type: 'put-version', ...draft, attributes: ATTRIBUTES, ...this.#writeConditions() }],
      [3, { type: 'delete-current', ...draft, markerId, owner: 'o', ...this.#deleteConditions() }],
      [3, { type: 'delete-version', bucketId, key, versionId, ...this.#deleteConditions() }],
      [1, { type: 'set-version-tags', bucketId, key, versionId, tags: [{ key: 'k', value: 'v' }] }],
    ];
  }

  #onUploads(draft: Draft): Weighted[] {
    const { random } = this;
    const { bucketId } = draft;
    const uploads = [...(this.model.buckets.get(bucketId)?.uploads ?? []), ['none', undefined] as const];
    const [uploadId, upload] = random.pick(uploads);
    const listed = [...(upload?.parts ?? [])].filter(() => random.below(4) > 0).sort(([a], [b]) => a - b);
    const parts = listed.map(([partNumber, { etag }]) => ({
      partNumber,
      etag: random.below(12) === 0 ? 'stale' : etag,
    }));
    const size = listed.reduce((sum, [, part]) => sum + part.size, 0);
    const target = { ...draft, key: upload?.key ?? draft.key, uploadId };
    const fresh = { key: draft.key, uploadId: `u${draft.ordinal}`, initiatedMs: 1, attributes: ATTRIBUTES };
    return [
      [2, { type: 'create-upload', bucketId, ...fresh }],
      [6, { type: 'put-part', ...target, partNumber: 1 + random.below(4) }],
      [4, { type: 'complete-upload', ...target, parts, size, ...this.#writeConditions() }],
      [1, { type: 'abort-upload', bucketId, key: target.key, uploadId }],
    ];
  }

  #writeConditions(): { conditions?: WriteConditions } {
    const { random } = this;
    if (random.below(4) > 0) return {};
    return { conditions: random.pick([{ ifNoneMatch: '*' }, { ifMatch: ['*'] }, { ifMatch: [random.pick(ETAGS)] }]) };
  }
  #deleteConditions(): { conditions?: DeleteConditions } {
    const { random } = this;
    if (random.below(4) > 0) return {};
    return { conditions: random.pick([{ ifMatchSize: 10 }, { ifMatch: ['*'] }, { ifMatch: [random.pick(ETAGS)] }]) };
  }

  /** Part of the bytes of some version that is there. */
  async #shared(): Promise<{ slices: SharedSlice[]; runs: Run[] }> {
    const bucketId = this.random.pick([1, 2, ...this.model.buckets.keys()]);
    const source = await this.index.getVersion(bucketId, this.random.pick(KEYS));
    if (source === undefined || source.size === 0) return { slices: [], runs: [] };
    const start = this.random.below(source.size);
    const end = start + 1 + this.random.below(source.size - start);
    const slices = await this.index.getSlices(source, { start, end });
    return { slices: slices.map(({ blob, offset, length }) => ({ blob, offset, length })), runs: slices.map(toRun) };
  }

  /** Everything that can be read is what the model has. */
  async compare(): Promise<void> {
    const expected: unknown[] = [];
    const found: unknown[] = [];
    for (const [bucketId, bucket] of this.model.buckets) {
      expect((await this.index.getBucket(bucket.name))?.versioning).toBe(bucket.versioning);
      for (const entry of (await this.index.listVersions(everything(bucketId))).entries) {
        if (entry.kind === 'version') found.push(await this.#describe(entry.version));
      }
      for (const key of [...bucket.versions.keys()].sort()) {
        for (const [i, version] of this.model.versions(bucketId, key).entries()) {
          expected.push(describeModel(version, { key, isLatest: i === 0 }));
          const named = await this.index.getVersion(bucketId, key, version.versionId);
          expect(named?.ordinal).toBe(version.ordinal);
          expect(named?.isLatest).toBe(i === 0);
        }
      }
      const uploads = (await this.index.listUploads(everything(bucketId))).entries;
      const ids = uploads.map((entry) => entry.kind === 'upload' && entry.upload.uploadId);
      expect(ids.toSorted()).toEqual([...bucket.uploads.keys()].sort());
    }
    expect(found).toEqual(expected);
  }

  async #describe(version: Version): Promise<unknown> {
    const slices = await this.index.getSlices(version, { start: 0, end: version.size });
    for (const at of version.size > 0 ? [0, this.random.below(version.size)] : []) {
      const cut = await this.index.getSlices(version, { start: at, end: version.size });
      expect(bytesOf(cut.map(toRun))).toEqual(bytesOf(slices.map(toRun)).slice(at));
    }
    const { key, versionId, ordinal, isLatest, isDeleteMarker, size, etag, partCount } = version;
    const described = { key, versionId, ordinal, isLatest, isMarker: isDeleteMarker, size, etag, partCount };
    return { ...described, tags: version.attributes.tags.length, bytes: bytesOf(slices.map(toRun)) };
  }
}

function describeModel(version: ModelVersion, place: { key: string; isLatest: boolean }): unknown {
  const { runs, ...rest } = version;
  return { ...place, partCount: undefined, ...rest, bytes: bytesOf(runs) };
}

function toRun({ location, offset, length }: Slice): Run {
  return [location.extents[0]?.offset ?? -1, offset, length];
}

/** Every byte by name. */
function bytesOf(runs: readonly Run[]): string[] {
  return runs.flatMap(([blob, from, length]) => Array.from({ length }, (_, i) => `${blob}+${from + i}`));
}

async function outcome(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return { result: await run() };
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { code: error.code };
    if (error instanceof Refused) return { code: error.code };
    throw error;
  }
}

/** Rows name blobs and nothing else does: counts and live bytes follow from the rows. */
function expectCounted(dump: Record<string, unknown[]>): void {
  const rows = dump as Record<string, Record<string, string | number | null>[]>;
  const refs = new Map<number, number>();
  for (const { slices } of [...(rows['versions'] ?? []), ...(rows['parts'] ?? [])]) {
    for (const [blob] of JSON.parse(String(slices ?? '[]'))) refs.set(blob, (refs.get(blob) ?? 0) + 1);
  }
  expect(new Map(rows['blobs']?.map((row) => [row['blob_id'], row['refs']]))).toEqual(refs);
  const live = rows['blobs']?.reduce((sum, row) => sum + Number(row['size']), 0) ?? 0;
  expect(rows['segments']?.reduce((sum, row) => sum + Number(row['live_bytes']), 0) ?? 0).toBe(live);
  const contents = new Set([...(rows['versions'] ?? []), ...(rows['uploads'] ?? [])].map((row) => row['content_id']));
  for (const part of rows['parts'] ?? []) expect(contents).toContain(part['content_id']);
}

test.each([11, 12, 13, 14])('random commands, restarts and replays, seed %i → what the reference has', async (seed) => {
  const fixture = new IndexFixture({ logFileSizeMaxBytes: 20_000 });
  try {
    const session = new Session(seed, await fixture.open());
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 150; i++) await session.step();
      await session.compare();
      await session.index.close();
      const live = fixture.dump();
      expectCounted(live);
      if (round % 2 === 1) fixture.removeDatabases();
      session.index = await fixture.open();
      await session.index.close();
      const { state: _, ...tables } = fixture.dump();
      expect(tables).toEqual({ ...live, state: undefined });
      session.index = await fixture.open();
      await session.compare();
    }
    await session.index.close();
  } finally {
    fixture.remove();
  }
});
