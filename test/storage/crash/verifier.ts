/** Opens what a crash has left, and checks that it is all that was promised. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bucket } from '../../../src/engine/types.ts';
import { bodyOf, owner, plain } from '../../support/engine-store.ts';
import { listUploads, listVersions, observe, readAll } from './observe.ts';
import type { Scene } from './scene.ts';
import { System } from './system.ts';

/** What may lie in a store's folder when nothing is under way; the segment of a shard file must be one that is in use. */
const KNOWN_FILES = [
  /^data$/,
  /^data\/zone-.$/,
  /^data\/zone-.\/ninefold(-zone\.json|-disks\.json|\.lock|\.lock-journal)$/,
  /^data\/zone-.\/(index|log|(?:disk|slow)-.|(?:disk|slow)-.\/segments)$/,
  /^data\/zone-.\/log\/(epoch|\d{20}\.log)$/,
  /^data\/zone-.\/index\/ninefold\.sqlite(-wal|-shm)?$/,
  /^data\/zone-.\/index\/\d{20}\.snapshot(\.json)?$/,
  /^data\/zone-.\/(?:disk|slow)-.\/ninefold-disk\.json$/,
  // Set aside for people.
  /^data\/zone-.\/(index|log)\.aside(-\d)?(\/.*)?$/,
];
const SHARD_FILE = /^data\/zone-.\/(?:disk|slow)-.\/segments\/([0-9a-f]{32})\.\d+(?:\.\d\+\d)?\.shard$/;

export interface Verification {
  readonly scene: Scene;
  /** Throws unless what is seen is right. */
  readonly check: (seen: Awaited<ReturnType<typeof observe>>) => void;
  /** Whether all disks are there, so that nothing may be left of what is not needed. */
  readonly isWhole: boolean;
  /** Whether everything is then mended and compacted, and deleted, to see that nothing stays. */
  readonly isThorough: boolean;
}

/** The current folder is the store's. Changes it. */
export async function verify({ scene, check, isWhole, isThorough }: Verification): Promise<void> {
  // Memory for one stripe is enough, and is made anew each time.
  const options = { ...scene.options, stripeBufferCount: 1 };
  await scene.makeReady?.();
  let expected: Awaited<ReturnType<typeof observe>>;
  let needed: ReadonlySet<string>;
  {
    await using system = await System.open(options);
    check(await observe(system.engine));
    // With three disks away there are too few to write to.
    if (isWhole) await goOn(system);
    if (isWhole) await scene.askAgain?.(system);
    expected = await observe(system.engine);
    await system.collectGarbage();
    needed = await neededSegments(system);
  }
  // Not before the store is closed: a zone may be a file behind the majority.
  if (isWhole) expectNoLeaks(needed);
  {
    await using system = await System.open(options);
    assert.deepEqual(await observe(system.engine), expected, 'another start changes nothing');
    if (!isThorough || !isWhole) return;
    await system.mend();
    await system.compact();
    await system.collectGarbage();
    assert.deepEqual(await observe(system.engine), expected, 'what is moved is not changed');
    expectMended(system);
    await removeAll(system);
  }
  await using system = await System.open(options);
  await system.collectGarbage();
  assert.deepEqual(shardFiles(), [], 'once all is deleted, nothing is left');
}

/** Writes more: an object in every bucket (in a new one where there is none), and the completion of every upload. */
async function goOn({ engine }: System): Promise<void> {
  if ((await listBuckets(engine)).length === 0) {
    await engine.buckets.create({ name: 'after', region: 'us-east-1', owner });
  }
  for (const bucket of await listBuckets(engine)) {
    const content = `written to ${bucket.name} after the crash`;
    const version = await engine.objects.put({ bucket, key: 'after', source: bodyOf(content), attributes: plain });
    assert.equal(String(await readAll(engine, version)), content);
    for (const { upload } of await listUploads(engine, bucket)) {
      const { parts } = await engine.uploads.listParts(upload, { after: 0, limit: 10_000 });
      if (parts.length === 0) continue;
      await engine.uploads.complete({
        bucket,
        key: upload.key,
        uploadId: upload.uploadId,
        parts: parts.map(({ partNumber, etag }) => ({ partNumber, etag })),
      });
    }
  }
}

async function removeAll({ engine }: System): Promise<void> {
  for (const bucket of await listBuckets(engine)) {
    for (const { key, versionId } of await listVersions(engine, bucket)) {
      await engine.objects.delete({ bucket, key, versionId, owner });
    }
    for (const { upload } of await listUploads(engine, bucket)) {
      await engine.uploads.abort(bucket, upload.key, upload.uploadId);
    }
    await engine.buckets.delete(bucket);
  }
}

async function listBuckets(engine: System['engine']): Promise<readonly Bucket[]> {
  return (await engine.buckets.list({ owner, prefix: '', after: '', limit: 1000 })).buckets;
}

async function neededSegments({ blobs, index }: System): Promise<Set<string>> {
  const used = (await index.listSegments()).flatMap(({ segment, liveBytes }) => (liveBytes > 0 ? segment : []));
  const open = blobs.segments().flatMap(({ segment, sealed }) => (sealed ? [] : segment));
  return new Set([...used, ...open]);
}

function expectNoLeaks(needed: ReadonlySet<string>): void {
  const leaked = filesBelow('data').filter((path) => {
    const [, segment] = SHARD_FILE.exec(path) ?? [];
    return segment === undefined ? !KNOWN_FILES.some((known) => known.test(path)) : !needed.has(segment);
  });
  assert.deepEqual(leaked, [], 'files that nothing names');
}

/** What a crash leaves of writes that were never acknowledged cannot be mended, nor can what lies on a disk that is away. */
function expectMended({ blobs }: System): void {
  const isAnyAway = blobs.disks().some(({ state }) => state !== 'healthy');
  const ailing = blobs.maintenance
    .health()
    .filter(({ isSealed, missing, damaged, repairable }) =>
      isAnyAway ? isSealed && repairable > 0 : isSealed && missing.length + damaged.length > 0,
    );
  assert.deepEqual(ailing, [], 'segments that are not whole after repair');
}

function shardFiles(): string[] {
  return filesBelow('data').filter((path) => SHARD_FILE.test(path));
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
}
