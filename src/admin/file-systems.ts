/** Which disks fail together because they lie on one file system. Pure. */

export interface PlacedDisk {
  readonly path: string;
  readonly zone: string;
  /** The same for disks of one file system; left out where it is not known. */
  readonly device?: string | undefined;
}

/** Shards that an object can lose at 6+3. */
const lossesMax = 3;

/** A sentence for every file system that holds more than one disk, the worst first. */
export function describeSharedFileSystems(disks: readonly PlacedDisk[]): readonly string[] {
  const groups = [...Map.groupBy(disks, ({ device }) => device)]
    .flatMap(([device, group]) => (device === undefined || group.length < 2 ? [] : [group]))
    .sort((a, b) => b.length - a.length);
  return groups.map((group) => describeGroup(group, disks));
}

function describeGroup(group: readonly PlacedDisk[], all: readonly PlacedDisk[]): string {
  if (group.length === all.length) {
    return `All ${all.length} disks lie on one file system: a failure of it loses everything.`;
  }
  const zones = [...new Set(group.map(({ zone }) => zone))];
  const zone = zones[0];
  const isWholeZone = zones.length === 1 && group.length === all.filter((disk) => disk.zone === zone).length;
  const named = isWholeZone ? `All ${group.length} disks of ${zone}` : list(group.map(({ path }) => path));
  const consequence =
    group.length <= lossesMax
      ? `they fail together, as ${group.length} of the ${lossesMax} losses that an object survives`
      : zones.length === 1
        ? 'they fail together, as the loss of the zone, which every object survives'
        : `a failure of it is ${group.length} losses at once, more than the ${lossesMax} that an object survives`;
  return `${named} lie on one file system: ${consequence}.`;
}

function list(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
