/** The files that a segment's shards have at this moment. */
import { stat, unlink } from 'node:fs/promises';
import type { Disk } from '../disk.ts';
import { errorCode } from '../disk-identity.ts';
import type { FileCache } from '../file-cache.ts';
import type { BlobLog } from '../options.ts';
import { type Segment, shardPath } from '../segments.ts';
import type { SegmentFiles, ShardCopy } from './segment-walk.ts';

export interface DiskCopy extends ShardCopy {
  readonly disk: Disk;
}

/** The shard files that can be read now, those in use first. */
export function copiesOf(segment: Segment): DiskCopy[] {
  const held = segment.disks.map((disk, shard) => ({ shard, disk }));
  return [...held, ...segment.condition.surplus].flatMap(({ shard, disk }) =>
    disk?.readable ? [{ shard, disk, gate: disk.gate, path: shardPath(disk, segment, shard) }] : [],
  );
}

export function filesOf(segment: Segment): SegmentFiles {
  const { id, scheme, condition } = segment;
  return { segment: id, scheme, copies: copiesOf(segment), areDoubted: condition.isContradicted };
}

/** Whether a copy is the one that is read. */
export function isHeld(segment: Segment, { shard, disk }: DiskCopy): boolean {
  return segment.disks[shard] === disk;
}

/** Length of a shard file: 0 if there is none, undefined if that cannot be seen now. */
export async function lengthOf({ path, disk }: Pick<DiskCopy, 'path' | 'disk'>): Promise<number | undefined> {
  try {
    return (await disk.gate.run(() => stat(path))).size;
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 0 : undefined;
  }
}

/** Never rejects: what cannot be removed now is found again at the next start, or when its disk comes back. */
export async function removeCopy(
  { path, disk }: Pick<DiskCopy, 'path' | 'disk'>,
  { files, log }: { files: FileCache; log: BlobLog },
): Promise<void> {
  files.closeUnder(path);
  try {
    await disk.gate.run(() => unlink(path));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') log.warn({ path, error }, 'A shard file cannot be removed');
  }
}
