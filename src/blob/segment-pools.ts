/** The segments that are open, by pool, and which disks of each group take new shards. `segment-source.ts` alone changes it. */
import type { Disk } from './disk.ts';
import type { Disks } from './disks.ts';
import type { OpenSegment } from './open-segment.ts';
import { placeableShards } from './placement.ts';
import type { PoolName } from './pool.ts';
import { SCHEMES, type Scheme, type SchemeName } from './scheme.ts';

/** Disks that take new shards, and how many shards of one segment they take. */
interface Takers {
  readonly disks: ReadonlySet<Disk>;
  readonly shards: number;
}

const NO_TAKERS: Takers = { disks: new Set(), shards: 0 };

export class Pool {
  readonly scheme: Scheme;
  readonly group: string;
  /** Shards that must be synced before a write counts. */
  readonly quorum: number;
  /** Bulk segments that nobody writes to now. */
  readonly idleBulk: OpenSegment[] = [];
  /** The segment that packed stripes share. */
  packed: OpenSegment | undefined;
  /** Those that are full left out, or not. */
  plain: Takers = NO_TAKERS;
  withReserve: Takers = NO_TAKERS;

  constructor(scheme: Scheme, group: string, quorum: number) {
    this.scheme = scheme;
    this.group = group;
    this.quorum = quorum;
  }

  /** The disks that a segment is made on now. */
  get takers(): ReadonlySet<Disk> {
    return (this.plain.shards >= this.quorum ? this.plain : this.withReserve).disks;
  }
}

type PoolsOfGroup = Readonly<Record<SchemeName, Pool>>;

export class Pools {
  readonly #disks: Disks;
  readonly #quorums: Readonly<Record<SchemeName, number>>;
  readonly #byGroup = new Map<string, PoolsOfGroup>();

  constructor(disks: Disks, quorums: Readonly<Record<SchemeName, number>>) {
    this.#disks = disks;
    this.#quorums = quorums;
  }

  /** The pool of that name. One on a group without disks takes nothing. */
  of({ scheme, group }: PoolName): Pool {
    return (this.#byGroup.get(group) ?? this.#make(group))[scheme];
  }

  all(): Pool[] {
    return [...this.#byGroup.values()].flatMap((pools) => Object.values(pools));
  }

  /** A disk has changed; whether what is written to its group goes to other disks by that. */
  noteChange(disk: Disk): boolean {
    const pools = this.#byGroup.get(disk.group);
    if (!pools) return false;
    return Object.values(pools)
      .map((pool) => this.#findTakers(pool, disk))
      .some(Boolean);
  }

  #make(group: string): PoolsOfGroup {
    const make = (name: SchemeName): Pool => new Pool(SCHEMES[name], group, this.#quorums[name]);
    const pools = { '6+3': make('6+3'), '1+2': make('1+2') };
    this.#byGroup.set(group, pools);
    for (const pool of Object.values(pools)) this.#findTakers(pool);
    return pools;
  }

  /** Whether the disk that changed takes part otherwise than before. */
  #findTakers(pool: Pool, changed?: Disk): boolean {
    const { plain, withReserve } = pool;
    pool.plain = this.#takersOf(pool, false);
    pool.withReserve = this.#takersOf(pool, true);
    if (changed === undefined) return false;
    const hasTurned = (before: Takers, now: Takers): boolean => before.disks.has(changed) !== now.disks.has(changed);
    return hasTurned(plain, pool.plain) || hasTurned(withReserve, pool.withReserve);
  }

  #takersOf({ scheme, group }: Pool, usesReserve: boolean): Takers {
    // A group that could not hold all shards of a segment if every disk were well holds none.
    if (placeableShards(this.#disks.stayingIn(group), scheme) < scheme.shards) return NO_TAKERS;
    const disks = new Set(this.#disks.stayingIn(group).filter((disk) => disk.takesWrites(usesReserve)));
    return { disks, shards: placeableShards(disks, scheme) };
  }
}
