/** Random operations, each of them done on the engine and on a reference model of S3, which must agree throughout. */
import { expect, test } from 'vitest';
import type { Bucket, Version } from '../../src/engine/types.ts';
import { asListed, bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { type ModelVersion, md5Hex, ReferenceModel } from '../support/reference-model.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const keys = ['a', 'a/', 'a/b', 'a/b/c', 'a0', 'b', 'é/1', 'é/2', '😀', '\uffff'];
const pageSize = 3;

class Run {
  readonly store: EngineStore;
  readonly random: SeededRandom;
  readonly model = new ReferenceModel();
  readonly #name: string;

  constructor(store: EngineStore, random: SeededRandom) {
    this.store = store;
    this.random = random;
    this.#name = 'model';
  }

  bucket(): Promise<Bucket> {
    return this.store.engine.buckets.get(this.#name);
  }

  /** One random operation on both sides. */
  async step(): Promise<void> {
    this.store.nowMs += this.random.below(3);
    const steps: readonly [weight: number, () => Promise<void>][] = [
      [8, () => this.put()],
      [5, () => this.deleteCurrent()],
      [4, () => this.deleteVersion()],
      [4, () => this.copy()],
      [4, () => this.upload()],
      [2, () => this.tag()],
      [1, () => this.switchVersioning()],
      [6, () => this.readRange()],
    ];
    const weighted = steps.flatMap(([weight, run]) => Array.from({ length: weight }, () => run));
    await this.random.pick(weighted)();
  }

  content(): Buffer {
    const limit = this.store.blobs.placeLimitBytes;
    const size = this.random.pick([0, 1, 100, 5000, 70_000, 100, 5000, limit + 100]);
    const content = Buffer.alloc(size, this.random.bytes(Math.min(size, 64)));
    if (size > 0) content.writeUInt8(this.random.below(256), this.random.below(size));
    return content;
  }

  async put(): Promise<void> {
    const [key, content] = [this.random.pick(keys), this.content()];
    const version = await this.store.put(await this.bucket(), key, content);
    this.#added(version, content, md5Hex(content));
  }

  async deleteCurrent(): Promise<void> {
    const key = this.random.pick(keys);
    const result = await this.store.engine.objects.delete({ bucket: await this.bucket(), key, owner });
    expect(result.deleteMarker).toBe(this.model.versioning !== 'Unversioned');
    if (this.model.versioning === 'Suspended') expect(result.versionId).toBe('null');
    this.model.deleteCurrent(key, result.versionId);
  }

  async deleteVersion(): Promise<void> {
    const all = this.model.allVersions();
    if (all.length === 0) return;
    const { key, version } = this.random.pick(all);
    const { versionId } = version;
    const result = await this.store.engine.objects.delete({ bucket: await this.bucket(), key, versionId, owner });
    const { content } = version;
    const size = content === undefined ? {} : { size: content.length };
    expect(result).toEqual({ deleteMarker: content === undefined, versionId, ...size });
    this.model.deleteVersion(key, versionId);
  }

  async copy(): Promise<void> {
    const picked = this.#pickReadable();
    if (picked === undefined) return;
    const bucket = await this.bucket();
    const source = await this.store.engine.objects.find(bucket, picked.key, picked.version.versionId);
    const key = this.random.pick(keys);
    const copy = await this.store.engine.objects.copy({ source, bucket, key, attributes: plain });
    this.#added(copy, picked.content, md5Hex(picked.content));
  }

  async upload(): Promise<void> {
    const bucket = await this.bucket();
    const key = this.random.pick(keys);
    const { uploads, objects } = this.store.engine;
    const upload = await uploads.create({ bucket, key, attributes: plain });
    const contents: Buffer[] = [];
    const parts = [];
    for (let n = 1; n <= 1 + this.random.below(3); n++) {
      const picked = this.random.below(3) === 0 ? this.#pickReadable() : undefined;
      if (picked === undefined) {
        const content = this.content();
        contents.push(content);
        parts.push(await uploads.putPart({ bucket, upload, partNumber: n, source: bodyOf(content) }));
        continue;
      }
      const source = await objects.find(bucket, picked.key, picked.version.versionId);
      const start = this.random.below(source.size + 1);
      const range = { start, end: start + this.random.below(source.size - start + 1) };
      contents.push(picked.content.subarray(range.start, range.end));
      parts.push(await uploads.copyPart({ bucket, upload, partNumber: n, source, range }));
    }
    if (this.random.below(5) === 0) return uploads.abort(bucket, key, upload.uploadId);
    const version = await uploads.complete({ bucket, key, uploadId: upload.uploadId, parts: parts.map(asListed) });
    const etag = md5Hex(...contents.map((content) => Buffer.from(md5Hex(content), 'hex')));
    this.#added(version, Buffer.concat(contents), `${etag}-${contents.length}`);
  }

  async tag(): Promise<void> {
    const picked = this.#pickReadable();
    if (picked === undefined) return;
    const value = String(this.random.below(100));
    const { key, version } = picked;
    await this.store.engine.objects.setTags({ bucket: await this.bucket(), key, versionId: version.versionId }, [
      { key: 'n', value },
    ]);
    version.tag = value;
  }

  async switchVersioning(): Promise<void> {
    const versioning = this.random.pick(['Enabled', 'Suspended'] as const);
    await this.store.engine.buckets.setVersioning(await this.bucket(), versioning);
    this.model.versioning = versioning;
  }

  async readRange(): Promise<void> {
    const picked = this.#pickReadable();
    if (picked === undefined) return;
    const { key, version, content } = picked;
    const start = this.random.below(content.length + 1);
    const end = start + this.random.below(content.length - start + 1);
    const found = await this.store.engine.objects.find(await this.bucket(), key, version.versionId);
    expect((await this.store.read(found, { start, end })).equals(content.subarray(start, end))).toBe(true);
  }

  /** Everything that can be seen of the bucket is as the model has it. */
  async compare(): Promise<void> {
    const bucket = await this.bucket();
    expect(await this.#listVersions(bucket)).toEqual(
      this.model.allVersions().map(({ key, version }) => ({
        key,
        versionId: version.versionId,
        isLatest: this.model.current(key) === version,
        isDeleteMarker: version.content === undefined,
        etag: version.etag,
        size: version.content?.length ?? 0,
        tag: version.tag,
      })),
    );
    for (const [prefix, delimiter] of [
      ['', ''],
      ['', '/'],
      ['a', '/'],
      ['a/', '/'],
      ['é', ''],
    ] as const) {
      expect(await this.#listObjects(bucket, prefix, delimiter)).toEqual(this.model.list(prefix, delimiter));
    }
    for (const { key, version } of this.model.allVersions()) {
      if (version.content === undefined) continue;
      expect((await this.store.get(bucket, key, version.versionId)).equals(version.content)).toBe(true);
    }
    for (const key of keys) {
      const content = this.model.current(key)?.content;
      const found = this.store.engine.objects.find(bucket, key);
      if (content === undefined) await expect(found).rejects.toMatchObject({ code: 'NoSuchKey' });
      else expect((await found).size).toBe(content.length);
    }
  }

  async #listVersions(bucket: Bucket): Promise<object[]> {
    const seen: object[] = [];
    let [after, afterVersionId] = ['', ''];
    for (let more = true; more; ) {
      const query = { prefix: '', delimiter: '', after, afterVersionId, limit: pageSize };
      const page = await this.store.engine.listing.versions(bucket, query);
      for (const entry of page.entries) {
        if (entry.kind !== 'version') throw new Error('there is no delimiter');
        const { key, versionId, isLatest, isDeleteMarker, etag, size, attributes } = entry.version;
        seen.push({ key, versionId, isLatest, isDeleteMarker, etag, size, tag: attributes.tags[0]?.value });
        [after, afterVersionId] = [key, versionId];
      }
      more = page.isTruncated;
    }
    return seen;
  }

  async #listObjects(bucket: Bucket, prefix: string, delimiter: string): Promise<string[]> {
    const lines: string[] = [];
    let after = '';
    for (let more = true; more; ) {
      const page = await this.store.engine.listing.objects(bucket, { prefix, delimiter, after, limit: pageSize });
      for (const entry of page.entries) {
        after = entry.kind === 'prefix' ? entry.prefix : entry.version.key;
        lines.push(entry.kind === 'prefix' ? `PRE ${after}` : after);
      }
      more = page.isTruncated;
    }
    return lines;
  }

  #pickReadable(): { key: string; version: ModelVersion; content: Buffer } | undefined {
    const readable = this.model.allVersions().flatMap(({ key, version }) => {
      const { content } = version;
      return content === undefined ? [] : [{ key, version, content }];
    });
    return readable.length === 0 ? undefined : this.random.pick(readable);
  }

  #added(version: Version, content: Buffer, etag: string): void {
    expect(version).toMatchObject({ etag, size: content.length });
    expect(version.versionId === 'null').toBe(this.model.versioning !== 'Enabled');
    this.model.add(version.key, { versionId: version.versionId, content, etag, tag: undefined });
  }
}

test.for([1, 2, 3])('random operations with reopens in between, seed %i → as the reference model', async (seed) => {
  await using store = await EngineStore.open({ partSizeMinBytes: 0 });
  await store.newBucket('model');
  const run = new Run(store, new SeededRandom(seed));
  for (let round = 0; round < 4; round++) {
    for (let n = 0; n < 40; n++) await run.step();
    await run.compare();
    await store.reopen();
    await run.compare();
  }
});
