/**
 * The collector frees what no row names, so the count of rows that name a blob is what every byte's life hangs on. Here it is
 * counted again over all rows, after everything that takes hold of blobs and lets them go.
 */
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { Bucket, Part, Upload, Version } from '../../src/engine/types.ts';
import { databasePath } from '../../src/meta/database.ts';
import { asListed, bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { SeededRandom } from '../support/seeded-random.ts';

type Slices = readonly (readonly [blob: number, offset: number, length: number])[];
type Extents = readonly (readonly [segment: string, offset: number, unit: number, start: number, length: number])[];

/** Expects that every count the index keeps is what its rows say. */
function expectCounted(store: EngineStore): void {
  const db = new Database(databasePath(`${store.folder}/zone-a`), { readonly: true });
  try {
    const refs = new Map<number, number>();
    const name = (blob: number) => refs.set(blob, (refs.get(blob) ?? 0) + 1);
    const all = <T>(sql: string) => db.prepare<[], T>(sql).all();
    const holders = ['versions', 'parts', 'annotations'].map((table) => `SELECT slices, manifest FROM ${table}`);
    for (const row of holders.flatMap((sql) => all<{ slices: string | null; manifest: number | null }>(sql))) {
      const slices: Slices = JSON.parse(row.slices ?? '[]');
      for (const [blob] of slices) name(blob);
      if (row.manifest !== null) name(row.manifest);
    }
    const described = ['SELECT manifest FROM uploads', 'SELECT manifest FROM buckets'];
    for (const row of described.flatMap((sql) => all<{ manifest: number | null }>(sql))) {
      if (row.manifest !== null) name(row.manifest);
    }
    const blobs = all<{ blob_id: number; refs: number; extents: string }>('SELECT * FROM blobs');
    expect(new Map(blobs.map((row) => [row.blob_id, row.refs]))).toEqual(new Map([...refs].sort(([a], [b]) => a - b)));
    const live = new Map<string, number>();
    for (const row of blobs) {
      const extents: Extents = JSON.parse(row.extents);
      for (const [segment, , , , length] of extents) live.set(segment, (live.get(segment) ?? 0) + length);
    }
    const counted = all<{ segment: string; live_bytes: number }>('SELECT * FROM segments WHERE live_bytes > 0');
    expect(new Map(counted.map((row) => [row.segment, row.live_bytes]))).toEqual(live);
  } finally {
    db.close();
  }
}

const limits = { partSizeMinBytes: 1 };

/** Uploads of one key and what became of them, so that every one can be completed and aborted again. */
class Client {
  readonly store: EngineStore;
  readonly random: SeededRandom;
  readonly contents = new Map<string, Buffer>();
  readonly #uploads: { upload: Upload; parts: Map<number, { part: Part; content: Buffer }> }[] = [];
  #buckets = 0;

  constructor(store: EngineStore, random: SeededRandom) {
    this.store = store;
    this.random = random;
  }

  bucket(): Promise<Bucket> {
    return this.store.engine.buckets.get('bucket');
  }

  async step(): Promise<void> {
    const steps = [
      () => this.put(),
      () => this.begin(),
      () => this.part(),
      () => this.part(),
      () => this.part(),
      () => this.copyPart(),
      () => this.complete(),
      () => this.complete(),
      () => this.abort(),
      () => this.copy(),
      () => this.annotate(),
      () => this.annotate(),
      () => this.delete(),
      () => this.deleteBucketWithUploads(),
    ];
    await this.random.pick(steps)();
  }

  async put(): Promise<void> {
    const content = this.random.bytes(this.random.below(3000));
    const key = `key/${this.random.below(3)}`;
    await this.store.put(await this.bucket(), key, content);
    this.contents.set(key, content);
  }

  async begin(): Promise<void> {
    const key = `key/${this.random.below(3)}`;
    const upload = await this.store.engine.uploads.create({ bucket: await this.bucket(), key, attributes: plain });
    this.#uploads.push({ upload, parts: new Map() });
  }

  /** Also on uploads that have ended, where it must be refused and change nothing. */
  async part(): Promise<void> {
    const known = this.#pick();
    if (known === undefined) return;
    const content = this.random.bytes(this.random.below(2000));
    const partNumber = 1 + this.random.below(4);
    const request = { bucket: await this.bucket(), upload: known.upload, partNumber, source: bodyOf(content) };
    const part = await this.#unlessEnded(this.store.engine.uploads.putPart(request));
    if (part !== undefined) known.parts.set(partNumber, { part, content });
  }

  async copyPart(): Promise<void> {
    const known = this.#pick();
    const source = await this.#source();
    if (known === undefined || source === undefined) return;
    const range = { start: 0, end: this.random.below(source.version.size + 1) };
    const partNumber = 1 + this.random.below(4);
    const request = { bucket: await this.bucket(), upload: known.upload, partNumber, source: source.version, range };
    const part = await this.#unlessEnded(this.store.engine.uploads.copyPart(request));
    if (part !== undefined) known.parts.set(partNumber, { part, content: source.content.subarray(0, range.end) });
  }

  async complete(): Promise<void> {
    const known = this.#pick();
    if (known === undefined) return;
    const chosen = [...known.parts].sort(([a], [b]) => a - b).filter(() => this.random.below(4) > 0);
    if (chosen.length === 0) return;
    const { key, uploadId } = known.upload;
    const before = await this.store.index.getCompletedUpload((await this.bucket()).id, key, uploadId);
    const parts = chosen.map(([, { part }]) => asListed(part));
    const version = await this.#unlessEnded(
      this.store.engine.uploads.complete({ bucket: await this.bucket(), key, uploadId, parts }),
    );
    if (version === undefined || before !== undefined) return;
    this.contents.set(key, Buffer.concat(chosen.map(([, { content }]) => content)));
  }

  async abort(): Promise<void> {
    const known = this.#pick();
    if (known === undefined) return;
    const { key, uploadId } = known.upload;
    await this.#unlessEnded(this.store.engine.uploads.abort(await this.bucket(), key, uploadId));
  }

  async copy(): Promise<void> {
    const source = await this.#source();
    if (source === undefined) return;
    const key = `key/${this.random.below(3)}`;
    const copiesAnnotations = this.random.below(2) === 0;
    const request = { source: source.version, bucket: await this.bucket(), key, attributes: plain, copiesAnnotations };
    await this.store.engine.objects.copy(request);
    this.contents.set(key, source.content);
  }

  /** Puts an annotation, or removes one. */
  async annotate(): Promise<void> {
    const found = await this.#source();
    if (found === undefined) return;
    const change = { bucket: await this.bucket(), version: found.version, name: `note-${this.random.below(3)}` };
    const { annotations } = this.store.engine;
    if (this.random.below(3) === 0) await annotations.delete(change);
    else await annotations.put({ ...change, source: bodyOf(this.random.bytes(1 + this.random.below(500))) });
  }

  async delete(): Promise<void> {
    const key = `key/${this.random.below(3)}`;
    await this.store.engine.objects.delete({ bucket: await this.bucket(), key, owner });
    this.contents.delete(key);
  }

  async deleteBucketWithUploads(): Promise<void> {
    const bucket = await this.store.newBucket(`other-${this.#buckets++}`);
    const upload = await this.store.engine.uploads.create({ bucket, key: 'k', attributes: plain });
    const source = await this.#source();
    const part = { bucket, upload, partNumber: 1 };
    await this.store.engine.uploads.putPart({ ...part, source: bodyOf('a part') });
    if (source !== undefined) {
      const range = { start: 0, end: source.version.size };
      await this.store.engine.uploads.copyPart({ ...part, source: source.version, range });
    }
    await this.store.engine.buckets.delete(bucket);
  }

  async expectReadable(): Promise<void> {
    for (const [key, content] of this.contents) {
      expect((await this.store.get(await this.bucket(), key)).equals(content), key).toBe(true);
    }
  }

  #pick() {
    return this.#uploads[this.random.below(this.#uploads.length + 1)];
  }

  async #source(): Promise<{ version: Version; content: Buffer } | undefined> {
    const [key, content] = [...this.contents][this.random.below(this.contents.size + 1)] ?? [];
    if (key === undefined || content === undefined) return undefined;
    return { version: await this.store.engine.objects.find(await this.bucket(), key), content };
  }

  async #unlessEnded<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      expect(error).toMatchObject({ code: 'NoSuchUpload' });
      return undefined;
    }
  }
}

test('a leftover upload can never free a completed object’s blobs', async () => {
  await using store = await EngineStore.open(limits);
  const bucket = await store.newBucket();
  const { uploads } = store.engine;
  const begin = () => uploads.create({ bucket, key: 'k', attributes: plain });
  const putPart = (upload: Upload, partNumber: number, text: string) =>
    uploads.putPart({ bucket, upload, partNumber, source: bodyOf(text) });
  const older = await begin();
  const olderPart = await putPart(older, 1, 'of the older upload');
  const upload = await begin();
  await putPart(upload, 1, 'replaced');
  const parts = [await putPart(upload, 1, 'one '), await putPart(upload, 2, 'two')].map(asListed);
  await putPart(upload, 3, 'not listed');
  const whole = { bucket, key: 'k', uploadId: upload.uploadId, parts };
  const version = await uploads.complete(whole);
  expect(await uploads.complete(whole)).toEqual(version);
  // A part of the older upload, and a part of another bucket's upload, share the object's bytes.
  const range = { start: 0, end: version.size };
  const shared = await uploads.copyPart({ bucket, upload: older, partNumber: 2, source: version, range });
  const other = await store.newBucket('other');
  const otherUpload = await uploads.create({ bucket: other, key: 'k', attributes: plain });
  await uploads.copyPart({ bucket: other, upload: otherUpload, partNumber: 1, source: version, range });
  expectCounted(store);
  const ended = { code: 'NoSuchUpload' };
  await expect(uploads.abort(bucket, 'k', upload.uploadId)).rejects.toMatchObject(ended);
  await store.engine.buckets.delete(other);
  await uploads.abort(bucket, 'k', older.uploadId);
  await expect(
    uploads.complete({ ...whole, uploadId: older.uploadId, parts: [olderPart, shared].map(asListed) }),
  ).rejects.toMatchObject(ended);
  expectCounted(store);
  expect((await store.get(bucket, 'k')).toString()).toBe('one two');
});

test.each([1, 2, 3, 4])(
  'random uploads, copies, completions and deletes, seed %i → every blob counts its rows',
  async (seed) => {
    await using store = await EngineStore.open(limits);
    await store.newBucket();
    const client = new Client(store, new SeededRandom(seed));
    for (let steps = 0; steps < 150; steps++) {
      store.nowMs += 1;
      await client.step();
      if (steps % 10 === 0) expectCounted(store);
    }
    expectCounted(store);
    await client.expectReadable();
    await store.reopen();
    expectCounted(store);
  },
);
