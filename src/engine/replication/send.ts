/**
 * How a version comes to a destination, whatever that is. One that was uploaded in parts is uploaded in the same parts, so that
 * its ETag is the same; what is there of them is not sent again. All of it may be done twice.
 */
import type { Part, Version } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import { ofVersion, type Range, readVersion } from '../reading.ts';
import { lookAt } from './agreement.ts';
import {
  type Prepared,
  type ReplicaBytes,
  type ReplicationEntry,
  ReplicationRefused,
  type SendOptions,
} from './types.ts';

const partsPageSize = 1000;
/** Of a key that is looked at for newer versions. */
const newestMax = 100;

export async function sendReplica(
  context: EngineContext,
  { replica, isAgain }: Extract<Prepared, { kind: 'ready' }>,
  { entry, options }: { entry: ReplicationEntry; options: SendOptions },
): Promise<void> {
  const { target } = options;
  if (entry.look !== undefined) return lookAt(context, replica, { entry, target });
  const { version } = replica;
  // What was replicated before, or may have been, is mostly there.
  const mayBeThere = !version.isDeleteMarker && (entry.kind === 'attributes' || isAgain);
  if (mayBeThere && (await target.setAttributes(replica))) return;
  if (isAgain && target.ordersByArrival) await requireNewest(context, version);
  if (version.isDeleteMarker) return target.putMarker(replica);
  if (version.partCount === undefined) {
    return target.putWhole(replica, bytesOf(context, version, { range: { start: 0, end: version.size }, options }));
  }
  await sendParts(context, { replica, isAgain }, { entry, options });
}

/** Throws ReplicationRefused where a newer version is there: the older one would stand above it. */
async function requireNewest({ index }: EngineContext, { bucketId, key, ordinal }: Version): Promise<void> {
  const newest = await index.glanceAtVersions({ bucketId, prefix: key, from: { key }, limit: newestMax });
  for (const glance of newest) {
    if (glance.key !== key || glance.ordinal <= ordinal) return;
    const newer = await index.getVersion(bucketId, key, glance.versionId);
    if (newer?.attributes.replication !== 'COMPLETED') continue;
    throw new ReplicationRefused(
      `A newer version of ${key} is there already, and the server has the version as the current one that comes last`,
    );
  }
}

async function sendParts(
  context: EngineContext,
  { replica }: Pick<Extract<Prepared, { kind: 'ready' }>, 'replica' | 'isAgain'>,
  { entry, options }: { entry: ReplicationEntry; options: SendOptions },
): Promise<void> {
  const { target, noteUpload } = options;
  const { version } = replica;
  const parts = await partsOf(context, version);
  let { uploadId } = entry;
  let there = uploadId === undefined ? undefined : await target.partsOf(replica, uploadId);
  if (uploadId !== undefined && there === undefined) {
    // It may have been completed, and nobody heard of it.
    if (await target.completeUpload(replica, { uploadId, parts: parts.map(({ part }) => part) })) return;
  }
  if (uploadId === undefined || there === undefined) {
    uploadId = await target.beginUpload(replica);
    if (uploadId === undefined) return;
    there = new Map();
    await noteUpload(uploadId);
  }
  const sent: Part[] = [];
  for (const { part, range } of parts) {
    const found = there.get(part.partNumber);
    const bytes = bytesOf(context, version, { range, options });
    // The upload is known to nobody else, and a version does not change: what is there under that number is the part.
    const etag = found?.size === part.size ? found.etag : await target.putPart(replica, { uploadId, part, bytes });
    sent.push({ ...part, etag });
  }
  const isCompleted = await target.completeUpload(replica, { uploadId, parts: sent });
  if (!isCompleted) throw new Error(`Upload ${uploadId} was ended by somebody else`);
}

async function partsOf(context: EngineContext, version: Version): Promise<readonly { part: Part; range: Range }[]> {
  const parts: { part: Part; range: Range }[] = [];
  for (let after = 0, start = 0, more = true; more; ) {
    const query = { after, limit: partsPageSize };
    const page = await ofVersion(context, version, () => context.index.listVersionParts(version, query));
    for (const part of page.parts) {
      parts.push({ part, range: { start, end: start + part.size } });
      start += part.size;
    }
    after = page.parts.at(-1)?.partNumber ?? after;
    more = page.isTruncated;
  }
  return parts;
}

function bytesOf(
  context: EngineContext,
  version: Version,
  { range, options }: { range: Range; options: SendOptions },
): ReplicaBytes {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    if (range.end > range.start) yield* await readVersion(context, version, { range });
  }
  return { ...range, read: () => options.metered(bytes) };
}
