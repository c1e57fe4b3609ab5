/** Reads the directory of a stripe out of its shard files; units that are missing or bad are rebuilt from the others. */
import assert from 'node:assert';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type DirectoryEntry, decodeDirectory } from './directory.ts';
import { type Segment, shardPath } from './segments.ts';
import { decodeShardHeader } from './shard-header.ts';
import { HEADER_BYTES, type StripePart, stripeParts } from './stripe.ts';
import type { ReadContext } from './stripe-reader.ts';
import { BlobError, type Extent } from './types.ts';
import { recoverUnits } from './unit-recovery.ts';

/** One shard's part of a directory, verified. */
interface DirectoryUnit {
  readonly shard: number;
  readonly bytes: Buffer;
  /** Bytes of the whole directory. */
  readonly length: number;
}

/** The stripe with the last bytes of a blob whose last extent this is, and where in its data the blob's bytes begin. */
export function lastPart({ scheme }: Segment, last: Extent): { part: StripePart; start: number } {
  const [part] = stripeParts(scheme, last, { start: last.length - 1, end: last.length });
  assert(part, 'the last byte of a blob lies in a stripe');
  return { part, start: part.offset === last.offset ? last.start : 0 };
}

/** The entries of a stripe's directory. Rejects with Unreadable if too few shards have their part of it. */
export async function readDirectory(
  context: ReadContext,
  segment: Segment,
  { offset, unit }: Pick<StripePart, 'offset' | 'unit'>,
): Promise<readonly DirectoryEntry[]> {
  const { dataShards, shards } = segment.scheme;
  const units: DirectoryUnit[] = [];
  for (
    let first = 0, wanted = dataShards;
    units.length < dataShards && first < shards;
    wanted = dataShards - units.length
  ) {
    const asked = Array.from({ length: Math.min(wanted, shards - first) }, (_, i) => first + i);
    const read = await Promise.all(asked.map((shard) => readUnit(context, segment, { shard, offset, unit })));
    units.push(...read.flatMap((found) => found ?? []));
    first += asked.length;
  }
  const entries = units.length < dataShards ? undefined : decodeDirectory(joinUnits(context, segment, units));
  if (entries) return entries;
  const where = `the directory of the stripe at ${offset} of segment ${segment.id}`;
  throw new BlobError('Unreadable', `${where} has ${units.length} good shards, ${dataShards} are needed`);
}

/** How many shards have their part of a stripe's directory: with as many as those of data it can be read. */
export async function countDirectoryUnits(
  context: ReadContext,
  segment: Segment,
  { offset, unit }: Pick<StripePart, 'offset' | 'unit'>,
): Promise<number> {
  const shards = Array.from({ length: segment.scheme.shards }, (_, shard) => shard);
  const units = await Promise.all(shards.map((shard) => readUnit(context, segment, { shard, offset, unit })));
  return units.filter((found) => found !== undefined).length;
}

/** Undefined if the shard has no good part of the directory. */
async function readUnit(
  context: ReadContext,
  segment: Segment,
  { shard, offset, unit }: { shard: number; offset: number; unit: number },
): Promise<DirectoryUnit | undefined> {
  const disk = segment.disks[shard];
  if (!disk?.readable) return undefined;
  try {
    const readUnitOf = async (file: FileHandle): Promise<DirectoryUnit | undefined> => {
      const decoded = decodeShardHeader(await readBytes(file, { offset, length: HEADER_BYTES }));
      if (!decoded.ok) return undefined;
      const { header } = decoded;
      if (header.segment !== segment.id || header.shard !== shard) return undefined;
      if (header.scheme !== segment.scheme.name) return undefined;
      if (header.offset !== offset || header.unit !== unit) return undefined;
      const bytes = await readBytes(file, { offset: offset + HEADER_BYTES + unit, length: header.directoryUnit });
      if (crc32(bytes) !== header.directoryCrc) return undefined;
      return { shard, bytes, length: header.directoryLength };
    };
    return await disk.gate.run(() => context.files.use(shardPath(disk, segment, shard), readUnitOf));
  } catch {
    return undefined;
  }
}

/** The directory out of as many units as the scheme has data shards. */
function joinUnits({ buffers, coder }: ReadContext, { scheme }: Segment, units: readonly DirectoryUnit[]): Buffer {
  const [first] = units;
  assert(first, 'a scheme has data shards');
  const data = Array.from({ length: scheme.dataShards }, (_, shard) => shard);
  const lost = data.filter((shard) => !units.some((unit) => unit.shard === shard));
  const tools = { coder, scratch: buffers.scratch };
  const recovered = lost.length > 0 ? recoverUnits(tools, scheme, units, lost) : [];
  const parts = data.map(
    (shard) => units.find((unit) => unit.shard === shard)?.bytes ?? recovered[lost.indexOf(shard)] ?? Buffer.of(),
  );
  return Buffer.concat(parts).subarray(0, first.length);
}

async function readBytes(file: FileHandle, { offset, length }: { offset: number; length: number }): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.subarray(0, bytesRead);
}
