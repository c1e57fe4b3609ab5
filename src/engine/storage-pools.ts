/** In which pool of the blob store objects of each storage class are kept, as the configuration says. */
import { DEFAULT_POOL, type PoolName } from '../blob/pool.ts';
import type { SchemeName } from '../blob/scheme.ts';

export interface StorageSettings {
  /** How objects of each storage class are coded. A class that is not named is coded 6+3. */
  readonly schemes?: Readonly<Record<string, SchemeName | undefined>>;
  /** On which group of disks they lie. Those of a class that is not named lie on the default group. */
  readonly groups?: Readonly<Record<string, string | undefined>>;
}

/** The pools of all storage classes that are named; the others have the default pool. */
export function poolsByClass({ schemes = {}, groups = {} }: StorageSettings): ReadonlyMap<string, PoolName> {
  const named = new Set([...Object.keys(schemes), ...Object.keys(groups)]);
  const poolOf = (storageClass: string): PoolName => ({
    scheme: schemes[storageClass] ?? DEFAULT_POOL.scheme,
    group: groups[storageClass] ?? DEFAULT_POOL.group,
  });
  return new Map(Array.from(named, (storageClass) => [storageClass, poolOf(storageClass)]));
}
