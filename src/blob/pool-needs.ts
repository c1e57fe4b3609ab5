/** Whether the disks of each group are those that its pools need: asked once, when the store is opened. */
import type { Disks } from './disks.ts';
import type { PoolUse } from './options.ts';
import { placeShards } from './placement.ts';
import { DEFAULT_GROUP, PoolError, type PoolName } from './pool.ts';
import { ALL_SCHEMES, SCHEMES } from './scheme.ts';

/** Throws PoolError if segments of a pool could not be placed on the disks of its group. */
export function requireDisks(disks: Disks, pools: readonly PoolUse[]): void {
  for (const { name: scheme } of ALL_SCHEMES) {
    const pool = { scheme, group: DEFAULT_GROUP };
    if (!hasDisks(disks, pool)) throw new PoolError(describeLack(disks, pool));
  }
  for (const pool of pools) {
    if (hasDisks(disks, pool)) continue;
    const { use, scheme, group } = pool;
    throw new PoolError(
      `${use} are kept as ${scheme} on disks of the group ${group} (store.groups): ${describeLack(disks, pool)}. Before the ` +
        'first start name disks of that group in the configuration (zones). Later take the class out of store.groups, ' +
        `start, add disks (ninefold disk add ZONE DIR --group ${group}), and put it back; or give it another of store.schemes.`,
    );
  }
}

function hasDisks(disks: Disks, { scheme, group }: PoolName): boolean {
  return placeShards('', disks.stayingIn(group), SCHEMES[scheme]) !== undefined;
}

function describeLack(disks: Disks, { scheme, group }: PoolName): string {
  const { shards, shardsPerZoneMax } = SCHEMES[scheme];
  const there = disks.stayingIn(group);
  const zones = new Set(there.map(({ zone }) => zone));
  const needed = `${shards} disks are needed for ${scheme}, at most ${shardsPerZoneMax} of them in one zone`;
  return `${needed}; the group ${group} has ${there.length}, in ${zones.size} zones`;
}
