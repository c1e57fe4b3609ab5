/** What a sealed segment holds, read from headers and directories alone. */
import { type DirectoryEntry, decodeDirectory } from '../directory.ts';
import { type RecoveryTools, recoverUnits, type ShardUnit } from '../unit-recovery.ts';
import { type SegmentFiles, SegmentWalk, type WalkedStripe } from './segment-walk.ts';
import type { SegmentMeasure, StripeListing } from './types.ts';

/** Counts stripes and their data from the headers of one shard file; of the others where that one is damaged. */
export async function measureSegment(files: SegmentFiles): Promise<SegmentMeasure> {
  const [first, ...others] = files.copies;
  const groups = first ? [[first], others] : [];
  await using walk = new SegmentWalk(files, { depth: 'headers', groups });
  await walk.open();
  let dataBytes = 0;
  let stripes = 0;
  for await (const region of walk.regions()) {
    if (region.kind === 'gap') continue;
    dataBytes += region.dataLength;
    stripes++;
  }
  return { dataBytes, stripes };
}

/** The stripes with their directories, from the data shards; from parity where those are damaged. */
export async function* listSegment(files: SegmentFiles, tools: RecoveryTools): AsyncGenerator<StripeListing> {
  const { scheme, copies } = files;
  const groups = [
    copies.filter(({ shard }) => shard < scheme.dataShards),
    copies.filter(({ shard }) => shard >= scheme.dataShards),
  ];
  const suffices = (stripe: WalkedStripe): boolean => directoryUnits(stripe).length >= scheme.dataShards;
  await using walk = new SegmentWalk(files, { depth: 'directories', groups, suffices });
  await walk.open();
  for await (const region of walk.regions()) {
    if (region.kind === 'gap') continue;
    const { offset, unit, dataLength } = region;
    yield { offset, unit, dataLength, entries: readDirectory(region, files, tools) };
  }
}

function readDirectory(
  stripe: WalkedStripe,
  { scheme }: SegmentFiles,
  tools: RecoveryTools,
): DirectoryEntry[] | undefined {
  const present = directoryUnits(stripe).slice(0, scheme.dataShards);
  if (present.length < scheme.dataShards) return undefined;
  const data = Array.from({ length: scheme.dataShards }, (_, shard) => shard);
  const lost = data.filter((shard) => !present.some((unit) => unit.shard === shard));
  const recovered = lost.length > 0 ? recoverUnits(tools, scheme, present, lost) : [];
  const units = data.map(
    (shard) => present.find((unit) => unit.shard === shard)?.bytes ?? recovered[lost.indexOf(shard)] ?? Buffer.of(),
  );
  // A copy: labels are views of it, and outlive the buffers that the units lie in.
  return decodeDirectory(Buffer.concat(units).subarray(0, stripe.directoryLength));
}

/** The good directory units, one of each shard, in the order of the shards. */
function directoryUnits({ parts }: WalkedStripe): ShardUnit[] {
  const units = new Map<number, ShardUnit>();
  for (const { copy, directory } of parts) {
    if (directory) units.set(copy.shard, { shard: copy.shard, bytes: directory });
  }
  return [...units.values()].sort((a, b) => a.shard - b.shard);
}
