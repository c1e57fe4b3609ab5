/** What scenes do, in words. What was put is read back before the scene goes on, so that states seen are right ones. */
import assert from 'node:assert/strict';
import type { Bucket, Version } from '../../../../src/engine/types.ts';
import { bodyOf, owner, plain } from '../../../support/engine-store.ts';
import { seededBytes } from '../../../support/seeded-bytes.ts';
import { readAll } from '../observe.ts';
import { System, type SystemOptions } from '../system.ts';

export type Content = { readonly seed: string; readonly size: number };

export function bytesOf({ seed, size }: Content): Buffer {
  return seededBytes(seed, size);
}

export async function newBucket({ engine }: Pick<System, 'engine'>, name = 'bucket'): Promise<Bucket> {
  return await engine.buckets.create({ name, region: 'us-east-1', owner });
}

export function bucketNamed({ engine }: Pick<System, 'engine'>, name = 'bucket'): Promise<Bucket> {
  return engine.buckets.get(name);
}

export async function put({ engine }: Pick<System, 'engine'>, key: string, content: Content): Promise<Version> {
  const bucket = await engine.buckets.get('bucket');
  const bytes = bytesOf(content);
  const attributes = { ...plain, metadata: { seed: content.seed } };
  return await engine.objects.put({ bucket, key, source: bodyOf(bytes), attributes });
}

export async function expectContent({ engine }: Pick<System, 'engine'>, key: string, content: Content): Promise<void> {
  const version = await engine.objects.find(await engine.buckets.get('bucket'), key);
  assert((await readAll(engine, version)).equals(bytesOf(content)), `${key} holds what was put`);
}

/** A store with one bucket, closed. */
export async function prepareBucket(
  options: SystemOptions = {},
  fill?: (system: System) => Promise<unknown>,
): Promise<void> {
  await using system = await System.open(options);
  await newBucket(system);
  await fill?.(system);
}
