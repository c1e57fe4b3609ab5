/** A blob store on nine disk folders of a temporary directory, and ways to lose and spoil them. */
import { mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type BlobStoreOptions, type ErasureBlobStore, openBlobStore } from '../../src/blob/store.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { seededBytes } from './seeded-bytes.ts';

export const CLUSTER_ID = 'c1'.repeat(16);

export class BlobDisks {
  readonly root: string;
  readonly zones: { name: string; disks: string[] }[];
  #stores: ErasureBlobStore[] = [];

  private constructor(root: string) {
    this.root = root;
    this.zones = [0, 1, 2].map((zone) => ({
      name: `zone-${zone}`,
      disks: [0, 1, 2].map((disk) => join(root, `zone-${zone}`, `disk-${disk}`)),
    }));
  }

  /** Removed when the test is over. */
  static async create(): Promise<BlobDisks> {
    const disks = new BlobDisks(await mkdtemp(join(tmpdir(), 'ninefold-blob-')));
    onTestFinished(async () => {
      await Promise.all(disks.#stores.map((store) => store.close()));
      await rm(disks.root, { recursive: true });
    });
    return disks;
  }

  /** A store that looks at its disks only when told to, and encodes on this thread, unless the options differ. */
  async open(options: Partial<BlobStoreOptions> = {}): Promise<ErasureBlobStore> {
    const quiet = { diskCheckIntervalMs: 0, encoderThreadCount: 0, stripeBufferCount: 4 };
    const store = await openBlobStore({ zones: this.zones, clusterId: CLUSTER_ID, ...quiet, ...options });
    this.#stores.push(store);
    return store;
  }

  /** The zones with folders of their own, in which the registry of disks is kept. */
  get registeredZones(): { name: string; path: string; disks: string[] }[] {
    return this.zones.map((zone) => ({ ...zone, path: join(this.root, zone.name) }));
  }

  get paths(): string[] {
    return this.zones.flatMap((zone) => zone.disks);
  }

  path(disk: number): string {
    const path = this.paths[disk];
    if (path === undefined) throw new RangeError(`there is no disk ${disk}`);
    return path;
  }

  /** Moves disk folders away, or back. */
  async moveAway(disks: readonly number[]): Promise<void> {
    await Promise.all(disks.map((disk) => rename(this.path(disk), `${this.path(disk)}.away`)));
  }

  async moveBack(disks: readonly number[]): Promise<void> {
    await mkdir(dirname(this.path(0)), { recursive: true });
    await Promise.all(disks.map((disk) => rename(`${this.path(disk)}.away`, this.path(disk))));
  }

  /** The shard files of a segment, by shard index. */
  async shardFiles(segment: string): Promise<string[]> {
    const files: string[] = [];
    for (const path of this.paths) {
      for (const name of await readdir(join(path, 'segments'))) {
        const [id, index] = name.split('.');
        if (id === segment) files[Number(index)] = join(path, 'segments', name);
      }
    }
    return files;
  }
}

/** Overwrites bytes of a file; returns a function that puts the old ones back. */
export async function overwrite(path: string, offset: number, bytes: Uint8Array): Promise<() => Promise<void>> {
  const file = await open(path, 'r+');
  try {
    const old = Buffer.alloc(bytes.length);
    await file.read(old, 0, old.length, offset);
    await file.write(bytes, 0, bytes.length, offset);
    return async () => void (await overwrite(path, offset, old));
  } finally {
    await file.close();
  }
}

/** Inverts a bit of a file; returns a function that puts it right. */
export async function flipBit(path: string, offset: number, bit = 0): Promise<() => Promise<void>> {
  const file = await open(path, 'r');
  const byte = Buffer.alloc(1);
  try {
    await file.read(byte, 0, 1, offset);
  } finally {
    await file.close();
  }
  return overwrite(path, offset, Buffer.of(byte.readUInt8(0) ^ (1 << bit)));
}

/** Bytes that look random and follow from a seed. */
export function sampleBytes(length: number, seed: number): Buffer {
  return seededBytes(seed, length);
}

/** Gives bytes in pieces of a size. */
export async function* inPieces(bytes: Buffer, pieceBytes = 65536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

export const label = (text: string) => async (): Promise<Uint8Array> => Buffer.from(text);

export async function readAll(
  store: ErasureBlobStore,
  ref: BlobRef,
  range = { start: 0, end: ref.size },
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.read(ref, range)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Bytes that lie in a packed stripe as a blob, or part of them. */
export interface PlacedBlob {
  readonly ref: BlobRef;
  readonly bytes: Buffer;
}

/** Larger ones have stripes in other segments. */
const SMALL_BYTES_MAX = 250_000;

/** A packed stripe with these bytes, in so many blobs that none is large. Durable when it resolves. */
export async function placeStripe(store: ErasureBlobStore, bytes: Buffer, text: string): Promise<PlacedBlob[]> {
  const placed: PlacedBlob[] = [];
  for (let at = 0; at < bytes.length; at += SMALL_BYTES_MAX) {
    const blob = bytes.subarray(at, at + SMALL_BYTES_MAX);
    placed.push({ ref: store.place(blob, Buffer.from(text)), bytes: blob });
  }
  await store.flush();
  return placed;
}
