/**
 * How a segment codes its data: so many data shards, so many parity shards. Every segment has one scheme for life, which
 * its shard files' names and headers say; nothing else needs to be told, so schemes can be mixed in one store.
 */
export type SchemeName = '6+3' | '1+2';

export interface Scheme {
  readonly name: SchemeName;
  readonly dataShards: number;
  readonly parityShards: number;
  /** Data and parity together: the shard files of a segment. */
  readonly shards: number;
  /** Shards of one zone at most, so that the loss of a zone is one that the code repairs. */
  readonly shardsPerZoneMax: number;
  /** Shards that must be synced before a write counts, at least: one loss more than data is survived at once. */
  readonly writeQuorumMin: number;
}

export const SCHEMES: Readonly<Record<SchemeName, Scheme>> = {
  '6+3': { name: '6+3', dataShards: 6, parityShards: 3, shards: 9, shardsPerZoneMax: 3, writeQuorumMin: 7 },
  /** Three full copies, one a zone: for small hot data, where a read should touch one disk and a write three. */
  '1+2': { name: '1+2', dataShards: 1, parityShards: 2, shards: 3, shardsPerZoneMax: 1, writeQuorumMin: 2 },
};

export const ALL_SCHEMES: readonly Scheme[] = Object.values(SCHEMES);

/** The scheme of what is written without a word about it. */
export const DEFAULT_SCHEME: SchemeName = '6+3';
/** The scheme that is meant where none is named, in names of files and in the log: part of the format. */
export const UNNAMED_SCHEME: SchemeName = '6+3';

/** Names a scheme in a record, where it has to be named. */
export function mentionOf({ name }: Scheme): { scheme?: SchemeName } {
  return name === UNNAMED_SCHEME ? {} : { scheme: name };
}

/** The scheme of a name, or undefined if there is none of that name. */
export function findScheme(name: string): Scheme | undefined {
  return ALL_SCHEMES.find((scheme) => scheme.name === name);
}

/** The scheme of so many data and parity shards, or undefined if there is none. */
export function findSchemeOf({ data, parity }: { data: number; parity: number }): Scheme | undefined {
  return ALL_SCHEMES.find(({ dataShards, parityShards }) => dataShards === data && parityShards === parity);
}
