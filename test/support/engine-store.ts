/**
 * An engine on a real index and a real blob store in a temporary folder: three zones of three disks. Its clock moves only
 * when a test moves it. Dispose of it with `await using`.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SchemeName } from '../../src/blob/scheme.ts';
import { type BlobStoreOptions, type ErasureBlobStore, openBlobStore } from '../../src/blob/store.ts';
import type { BlobStore } from '../../src/blob/types.ts';
import { type Compaction, createCompaction } from '../../src/engine/compaction.ts';
import type { EngineLimits } from '../../src/engine/context.ts';
import type { KeyringOptions } from '../../src/engine/encryption/keyring.ts';
import { createEngine } from '../../src/engine/engine.ts';
import type { BodySource, Bucket, Engine, ObjectAttributes, Part, Version } from '../../src/engine/types.ts';
import { flushAlongside } from '../../src/engine/wave.ts';
import { openIndex } from '../../src/meta/index-store.ts';
import type { BlobLocation } from '../../src/meta/records.ts';
import type { Index } from '../../src/meta/types.ts';
import { createTestKms } from './test-kms.ts';

const clusterId = '0123456789abcdef0123456789abcdef';
const zoneNames = ['a', 'b', 'c'];
/** The server's keys, and a KMS that seals with the ARN of the key. */
export const keys: KeyringOptions = { serverKeys: [Buffer.alloc(32, 7)], dataKeys: createTestKms() };
const silentLog = { info: () => {}, warn: () => {}, error: () => {} };

export const owner = 'an-owner';
export const plain: ObjectAttributes = { owner, storageClass: 'STANDARD', headers: {}, metadata: {}, tags: [] };

export class EngineStore implements AsyncDisposable {
  readonly folder: string;
  /** Milliseconds since 1970. */
  nowMs = 1_750_000_000_000;
  readonly clock = { nowMs: () => this.nowMs };
  /** How storage classes are coded; what is set here holds from the next `reopen` on. */
  schemes: Readonly<Record<string, SchemeName>> = {};
  /** Groups of disks by storage class, each of three disks a zone; what is set here holds from the next `reopen` on. */
  groups: Readonly<Record<string, string>> = {};
  readonly #limits: Partial<EngineLimits>;
  readonly #storeOptions: Partial<BlobStoreOptions>;
  #open: { index: Index; blobs: ErasureBlobStore; engine: Engine; compaction: Compaction } | undefined;

  private constructor(folder: string, limits: Partial<EngineLimits>, storeOptions: Partial<BlobStoreOptions>) {
    this.folder = folder;
    this.#limits = limits;
    this.#storeOptions = storeOptions;
  }

  static async open(
    limits: Partial<EngineLimits> = {},
    storeOptions: Partial<BlobStoreOptions> = {},
  ): Promise<EngineStore> {
    const store = await EngineStore.create(limits, storeOptions);
    await store.start();
    return store;
  }

  /** A store that was never started. */
  static async create(
    limits: Partial<EngineLimits> = {},
    storeOptions: Partial<BlobStoreOptions> = {},
  ): Promise<EngineStore> {
    return new EngineStore(await mkdtemp(join(tmpdir(), 'ninefold-engine-')), limits, storeOptions);
  }

  get engine(): Engine {
    return this.#opened().engine;
  }
  get index(): Index {
    return this.#opened().index;
  }
  get blobs(): ErasureBlobStore {
    return this.#opened().blobs;
  }
  get compaction(): Compaction {
    return this.#opened().compaction;
  }

  /** Closes the index and the store and opens them again, which seals what was open. */
  async reopen(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#open !== undefined) await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  newBucket(name = 'bucket'): Promise<Bucket> {
    return this.engine.buckets.create({ name, region: 'us-east-1', owner });
  }

  async newVersionedBucket(name = 'bucket'): Promise<Bucket> {
    const bucket = await this.newBucket(name);
    await this.engine.buckets.setVersioning(bucket, 'Enabled');
    return this.engine.buckets.get(name);
  }

  put(bucket: Bucket, key: string, content: string | Uint8Array): Promise<Version> {
    return this.engine.objects.put({ bucket, key, source: bodyOf(content), attributes: plain });
  }

  /** The bytes of a version, or of a range of it. */
  async read(version: Version, range = { start: 0, end: version.size }): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.engine.objects.read(version, range)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async get(bucket: Bucket, key: string, versionId?: string): Promise<Buffer> {
    return this.read(await this.engine.objects.find(bucket, key, versionId));
  }

  /** Live bytes of objects and parts: of all blobs that rows name but their manifests. */
  async liveBytes(): Promise<number> {
    const blobs = new Map<number, BlobLocation>();
    for (const { segment } of await this.index.listSegments()) {
      const found = await this.index.listSegmentBlobs(segment, { after: 0, limit: 100_000 });
      for (const { blob, location } of found) blobs.set(blob, location);
    }
    let bytes = 0;
    for (const location of blobs.values()) {
      const { label } = await this.blobs.labelOf(location);
      if (!Buffer.from(label).includes('"kind":"manifest"')) bytes += location.size;
    }
    return bytes;
  }

  /** Paths of all files that hold shards. */
  async shardFiles(): Promise<string[]> {
    const segments = new Set(this.blobs.segments().map(({ segment }) => segment));
    const files = await readdir(this.folder, { recursive: true });
    return files.filter((file) => [...segments].some((segment) => file.includes(segment)));
  }

  async start(): Promise<void> {
    const groups = ['disk', ...new Set(Object.values(this.groups))];
    const blobs = await openBlobStore({
      zones: zoneNames.map((zone) => ({
        name: zone,
        disks: groups.flatMap((group) =>
          [1, 2, 3].map((n) => ({
            path: join(this.folder, `zone-${zone}`, `${group}-${n}`),
            group: group === 'disk' ? 'default' : group,
          })),
        ),
      })),
      clusterId,
      log: silentLog,
      ...this.#storeOptions,
    });
    const index = await openIndex({
      zones: zoneNames.map((zone) => ({ name: zone, path: join(this.folder, `zone-${zone}`) })),
      clusterId,
      alongside: () => flushAlongside(blobs),
      isIntact: (location) => blobs.isIntact(location),
      log: silentLog,
    }).catch(async (error: unknown) => {
      await blobs.close();
      throw error;
    });
    const classes = { schemes: this.schemes, groups: this.groups };
    const engine = createEngine({ index, blobs, clock: this.clock, limits: this.#limits, ...classes, ...keys });
    const compaction = createCompaction({ index, blobs, maintenance: blobs.maintenance });
    this.#open = { index, blobs, engine, compaction };
  }

  async stop(): Promise<void> {
    const { index, blobs, compaction } = this.#opened();
    this.#open = undefined;
    await compaction.close();
    await index.close();
    await blobs.close();
  }

  #opened() {
    if (this.#open === undefined) throw new Error('the store is closed');
    return this.#open;
  }
}

/** A body of known length, in chunks of up to 64 KiB, with whatever a test wants to be different. */
export function bodyOf(content: string | Uint8Array, different: Partial<BodySource> = {}): BodySource {
  const bytes = Buffer.from(content);
  return {
    stream: chunksOf(bytes),
    length: bytes.length,
    algorithms: new Set(),
    checksumAlgorithm: 'CRC64NVME',
    verify: () => {},
    ...different,
  };
}

export async function* chunksOf(bytes: Uint8Array, chunkBytes = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/** A part as clients list it when they complete an upload. */
export interface ListedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly checksum?: string;
}

export function asListed({ partNumber, etag, checksum }: Part): ListedPart {
  return { partNumber, etag, ...(checksum !== undefined && { checksum: checksum.value }) };
}

/** A blob store of which a test replaces some methods. */
export function storeWith(blobs: BlobStore, replaced: Partial<BlobStore>): BlobStore {
  return {
    placeLimitBytes: blobs.placeLimitBytes,
    placeLimitBytesOf: (scheme) => blobs.placeLimitBytesOf(scheme),
    place: (bytes, label, options) => blobs.place(bytes, label, options),
    write: (source, label, options) => blobs.write(source, label, options),
    flush: () => blobs.flush(),
    release: (ref) => blobs.release(ref),
    read: (ref, range) => blobs.read(ref, range),
    recall: (ref, range) => blobs.recall(ref, range),
    isIntact: (ref) => blobs.isIntact(ref),
    labelOf: (ref) => blobs.labelOf(ref),
    poolOf: (segment) => blobs.poolOf(segment),
    segments: () => blobs.segments(),
    drop: (segment) => blobs.drop(segment),
    disks: () => blobs.disks(),
    close: () => blobs.close(),
    ...replaced,
  };
}
