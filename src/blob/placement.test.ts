/** Placement over any number of disks and zones: pure, so it is measured over thousands of segments. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { homesOf, placeableShards, placeShards } from './placement.ts';
import { SCHEMES, type Scheme } from './scheme.ts';

interface TestDisk {
  readonly rankedAs: string;
  readonly zone: string;
  readonly group: string;
}

const hex16 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const schemes = fc.constantFrom(...Object.values(SCHEMES));
const zoneSizes = fc.array(fc.integer({ min: 3, max: 12 }), { minLength: 3, maxLength: 6 });
const segments = fc.sample(hex16, { numRuns: 3000, seed: 20_261_126 });

/** Disks of zones of these sizes. */
function disksOf(counts: readonly number[], group = 'default'): TestDisk[] {
  return counts.flatMap((count, zone) =>
    Array.from({ length: count }, (_, i) => ({ rankedAs: `${group}-${zone}-${i}`, zone: `z${zone}`, group })),
  );
}

function countsByZone(placed: readonly TestDisk[]): number[] {
  return [...Map.groupBy(placed, ({ zone }) => zone).values()].map(({ length }) => length);
}

/** Shards of all segments by the disk they are placed on. */
function loadOf(disks: readonly TestDisk[]): Map<TestDisk, number> {
  const load = new Map(disks.map((disk) => [disk, 0]));
  for (const segment of segments)
    for (const disk of placeShards(segment, disks) ?? []) load.set(disk, (load.get(disk) ?? 0) + 1);
  return load;
}

/** How many shards lie on disks that the segment had none on before, over all segments. */
function shardsMoved(before: readonly TestDisk[], after: readonly TestDisk[]): number {
  return segments.reduce((sum, segment) => {
    const were = new Set(placeShards(segment, before));
    return sum + (placeShards(segment, after) ?? []).filter((disk) => !were.has(disk)).length;
  }, 0);
}

describe('placement', () => {
  it('any scheme, zones and disks → different disks, none of a zone too many, the same whatever their order', () => {
    fc.assert(
      fc.property(hex16, schemes, zoneSizes, (segment, scheme, counts) => {
        const disks = disksOf(counts);
        const placed = placeShards(segment, disks, scheme) ?? [];
        expect(new Set(placed).size).toBe(scheme.shards);
        expect(Math.max(...countsByZone(placed))).toBeLessThanOrEqual(scheme.shardsPerZoneMax);
        expect(placeShards(segment, disks.reverse(), scheme)).toEqual(placed);
      }),
    );
  });

  it('disks that take no writes → passed over while their zone has others, and in their place where it has not', () => {
    fc.assert(
      fc.property(hex16, schemes, zoneSizes, fc.infiniteStream(fc.boolean()), (segment, scheme, counts, flags) => {
        const disks = disksOf(counts);
        const takers = new Set(disks.filter(() => flags.next().value));
        const placed = placeShards(segment, disks, scheme, (disk) => takers.has(disk)) ?? [];
        expect(placed).toHaveLength(scheme.shards);
        expect(Math.max(...countsByZone(placed))).toBeLessThanOrEqual(scheme.shardsPerZoneMax);
        expect(placed.filter((disk) => takers.has(disk))).toHaveLength(placeableShards(takers, scheme));
      }),
    );
  });

  it('too few disks, or too many of them in one zone → undefined', () => {
    expect(placeShards('00', disksOf([9]))).toBeUndefined();
    expect(placeShards('00', disksOf([3, 3, 2]))).toBeUndefined();
    expect(placeShards('00', disksOf([3, 3]), SCHEMES['1+2'])).toBeUndefined();
  });

  it.each([[[3, 3, 3]], [[4, 4, 4]], [[8, 8, 8]], [[5, 5, 5, 5]]])(
    'disks %j → each holds its share of 3,000 segments within a tenth',
    (counts) => {
      const load = loadOf(disksOf(counts));
      const share = (9 * segments.length) / load.size;
      for (const shards of load.values()) expect(Math.abs(shards / share - 1)).toBeLessThan(0.1);
    },
  );

  it('every shard index → spread over the disks within a fifth', () => {
    const disks = disksOf([3, 3, 3]);
    for (let shard = 0; shard < 9; shard++) {
      const counts = Map.groupBy(segments, (segment) => placeShards(segment, disks)?.[shard]);
      for (const { length } of counts.values()) expect(Math.abs(length / (segments.length / 9) - 1)).toBeLessThan(0.2);
    }
  });

  it('a disk added → at most one shard of a segment moves, and to it; over all its share, within a tenth', () => {
    const before = disksOf([4, 4, 4]);
    const added = { rankedAs: 'new', zone: 'z0', group: 'default' };
    const after = [...before, added];
    let moved = 0;
    for (const segment of segments) {
      const were = new Set(placeShards(segment, before));
      const gained = (placeShards(segment, after) ?? []).filter((disk) => !were.has(disk));
      expect(gained.length === 0 || (gained.length === 1 && gained[0] === added)).toBe(true);
      moved += gained.length;
    }
    // Three of the nine shards lie in its zone, which now has five disks.
    expect(Math.abs(moved / ((3 / 5) * segments.length) - 1)).toBeLessThan(0.1);
  });

  it('a disk removed → only the shards it held move', () => {
    const before = disksOf([5, 5, 5]);
    const [removed, ...after] = before;
    const held = segments.filter((segment) => placeShards(segment, before)?.some((disk) => disk === removed));
    expect(shardsMoved(before, after)).toBe(held.length);
  });
});

describe('homes of shards that exist', () => {
  const held = (segment: string, disks: readonly TestDisk[], scheme: Scheme) =>
    placeShards(segment, disks, scheme) ?? [];

  it('placed on the same disks, in any order → every shard is at home', () => {
    fc.assert(
      fc.property(hex16, schemes, zoneSizes, (segment, scheme, counts) => {
        const disks = disksOf(counts);
        const there = held(segment, disks, scheme).reverse();
        expect(homesOf({ segment, scheme, group: 'default', held: there }, disks)).toEqual(there);
      }),
    );
  });

  it('nine disks, whatever ids they had when the segment was made → nothing is misplaced', () => {
    const disks = disksOf([3, 3, 3]);
    for (const segment of segments.slice(0, 100)) {
      expect(homesOf({ segment, scheme: SCHEMES['6+3'], group: 'default', held: disks }, disks)).toEqual(disks);
    }
  });

  it('disks added, drained and shards lost → each shard one home, what can stay stays, the rest to disks without one', () => {
    fc.assert(
      fc.property(hex16, schemes, zoneSizes, fc.infiniteStream(fc.nat(5)), (segment, scheme, counts, dice) => {
        const before = disksOf(counts);
        const there = held(segment, before, scheme).map((disk) => (dice.next().value === 0 ? undefined : disk));
        const leaving = new Set(there.slice(0, 1));
        const after = [
          ...disksOf([1, 1, 1]).map((disk) => ({ ...disk, rankedAs: `new ${disk.zone}` })),
          ...before,
        ].filter((disk) => !leaving.has(disk));
        const chosen = new Set(placeShards(segment, after, scheme));
        const homes = homesOf({ segment, scheme, group: 'default', held: there }, after);
        expect(new Set(homes)).toEqual(chosen);
        for (const [shard, disk] of there.entries()) if (disk && chosen.has(disk)) expect(homes[shard]).toBe(disk);
      }),
    );
  });

  it('a drained disk of a zone with a spare → its shard moves within the zone', () => {
    const disks = disksOf([4, 4, 4]);
    for (const segment of segments.slice(0, 100)) {
      const there = held(segment, disks, SCHEMES['6+3']);
      const [drained] = there;
      const homes = homesOf(
        { segment, scheme: SCHEMES['6+3'], group: 'default', held: there },
        disks.filter((disk) => disk !== drained),
      );
      expect(homes[0]?.zone).toBe(drained?.zone);
      expect(homes.slice(1)).toEqual(there.slice(1));
    }
  });

  it('disks of another group, however many → every shard stays where it is, and a lost one is rebuilt on its own group', () => {
    const slow = disksOf([3, 3, 3], 'slow');
    const disks = [...disksOf([9, 9, 9]), ...slow];
    for (const segment of segments.slice(0, 100)) {
      const there = held(segment, slow, SCHEMES['6+3']);
      const [lost, ...rest] = there;
      const homes = homesOf({ segment, scheme: SCHEMES['6+3'], group: 'slow', held: [undefined, ...rest] }, disks);
      expect(homes).toEqual([lost, ...rest]);
    }
  });

  it('too few disks to place on → every shard is at home where it is', () => {
    const disks = disksOf([3, 3, 2]);
    const there = [...disks, undefined];
    expect(homesOf({ segment: '00', scheme: SCHEMES['6+3'], group: 'default', held: there }, disks)).toEqual(there);
  });
});
