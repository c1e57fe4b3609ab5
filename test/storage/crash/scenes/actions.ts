/** What scenes do, in words. What was put is read back before the scene goes on, so that the states it shows are right. */
import assert from 'node:assert/strict';
import type { Bucket, DeleteResult, Part, Upload, Version } from '../../../../src/engine/types.ts';
import { bodyOf, owner, plain } from '../../../support/engine-store.ts';
import { seededBytes } from '../../../support/seeded-bytes.ts';
import { readAll } from '../observe.ts';
import { System, type SystemOptions } from '../system.ts';

/** A stage, or a system that is open. */
export type Store = Pick<System, 'engine'>;

/** Bytes that follow from a name and their number. */
export interface Content {
  readonly seed: string;
  readonly size: number;
  /** Default `STANDARD`. */
  readonly storageClass?: string;
}

export function bytesOf({ seed, size }: Content): Buffer {
  return seededBytes(seed, size);
}

export function newBucket({ engine }: Store, name = 'bucket'): Promise<Bucket> {
  return engine.buckets.create({ name, region: 'us-east-1', owner });
}

export function theBucket({ engine }: Store): Promise<Bucket> {
  return engine.buckets.get('bucket');
}

export async function setVersioning(store: Store, versioning: 'Enabled' | 'Suspended'): Promise<void> {
  await store.engine.buckets.setVersioning(await theBucket(store), versioning);
}

export async function put(store: Store, key: string, content: Content): Promise<Version> {
  const { storageClass = 'STANDARD' } = content;
  const attributes = {
    ...plain,
    storageClass,
    metadata: { seed: content.seed },
    tags: [{ key: 'size', value: `${content.size}` }],
  };
  const bucket = await theBucket(store);
  return await store.engine.objects.put({ bucket, key, source: bodyOf(bytesOf(content)), attributes });
}

export async function expectContent(store: Store, key: string, ...contents: readonly Content[]): Promise<void> {
  const version = await store.engine.objects.find(await theBucket(store), key);
  const expected = Buffer.concat(contents.map(bytesOf));
  assert((await readAll(store.engine, version)).equals(expected), `${key} holds what was put`);
}

/** Deletes the current version, or the one that is named. */
export async function remove(store: Store, key: string, version = ''): Promise<DeleteResult> {
  const bucket = await theBucket(store);
  const named = version === '' ? {} : { versionId: version };
  return await store.engine.objects.delete({ bucket, key, owner, ...named });
}

export async function copy(store: Store, { from, to }: { from: string; to: string }): Promise<Version> {
  const bucket = await theBucket(store);
  const version = await store.engine.objects.find(bucket, from);
  return await store.engine.objects.copy({ source: version, bucket, key: to, attributes: plain });
}

export async function newUpload(store: Store, key: string): Promise<Upload> {
  return await store.engine.uploads.create({ bucket: await theBucket(store), key, attributes: plain });
}

export async function putPart(store: Store, upload: Upload, partNumber: number, content: Content): Promise<Part> {
  const bucket = await theBucket(store);
  return await store.engine.uploads.putPart({ bucket, upload, partNumber, source: bodyOf(bytesOf(content)) });
}

export async function complete(store: Store, { key, uploadId }: Upload, parts: readonly Part[]): Promise<Version> {
  const listed = parts.map(({ partNumber, etag }) => ({ partNumber, etag }));
  return await store.engine.uploads.complete({ bucket: await theBucket(store), key, uploadId, parts: listed });
}

/** Makes a store with one bucket and what is put in, and closes it. */
export async function prepareStore(
  options: SystemOptions = {},
  fill?: (system: System) => Promise<unknown>,
): Promise<void> {
  await using system = await System.open(options);
  await newBucket(system);
  await fill?.(system);
}
