/**
 * What a start can go on from: in every zone the index database, if it was in use there, and the zone's snapshot. The
 * one that has applied most takes over; what the log has beyond it is replayed. A damaged one is left out.
 */
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { syncFolder } from '../lib/durable-files.ts';
import {
  type DatabaseFacts,
  databasePath,
  ForeignIndex,
  indexFolder,
  isDamage,
  isNotedDamaged,
  readFacts,
  removeDatabase,
  setAside,
} from './database.ts';
import { LogQuorumLost } from './log/majority.ts';
import type { IndexLog } from './log/recovery.ts';
import { createDatabase, migrateCopy, requireKnownSchema } from './migrate.ts';
import { MIGRATIONS } from './schema.ts';
import {
  discardSnapshot,
  findSnapshot,
  makeIndexFolder,
  type Snapshot,
  tidySnapshots,
} from './snapshots/snapshot-file.ts';
import { runSnapshotTask } from './snapshots/snapshot-work.ts';

interface LiveSource extends DatabaseFacts {
  readonly kind: 'live';
  readonly path: string;
}
type Source = LiveSource | (Snapshot & { readonly kind: 'snapshot' });

export interface SourceOptions {
  /** Folders of the zones that are there. */
  readonly zonePaths: readonly string[];
  readonly clusterId: string;
  readonly log: IndexLog;
}

/**
 * Readies the index database: the most advanced there is, its tables up to date, or a new one. Returns its path. Throws
 * ForeignIndex and SchemaTooNew.
 */
export async function readyDatabase(options: SourceOptions): Promise<string> {
  const [first] = options.zonePaths;
  if (first === undefined) throw new LogQuorumLost([], 'None of the zones is there.');
  const sources = await findSources(options);
  for (const source of sources) requireKnownSchema(source.schema, source.path);
  for (const source of sources) {
    const path = source.kind === 'live' ? source.path : await restore(source, options);
    if (path === undefined) continue;
    if (source.schema < MIGRATIONS.length) await migrateCopy(path);
    await removeOthers(path, options);
    return path;
  }
  await makeIndexFolder(first);
  await removeDatabase(databasePath(first));
  await createDatabase({ path: databasePath(first), clusterId: options.clusterId });
  return databasePath(first);
}

/** Everything that can take over, the most advanced first, a database in use before a snapshot of the same state. */
export async function findSources({ zonePaths, clusterId, log }: SourceOptions): Promise<Source[]> {
  const sources: Source[] = [];
  for (const zonePath of zonePaths) {
    try {
      const live = await findLive(databasePath(zonePath), log);
      if (live !== undefined) sources.push({ ...live, kind: 'live' });
      const snapshot = await findSnapshot({ zonePath, clusterId });
      await tidySnapshots(zonePath, snapshot?.path);
      if (snapshot !== undefined) sources.push({ ...snapshot, kind: 'snapshot' });
    } catch (error) {
      if (error instanceof ForeignIndex) throw error;
      log.error({ zonePath, err: error }, 'the index of a zone cannot be read: others take over');
    }
  }
  for (const source of sources) {
    if (source.clusterId === clusterId) continue;
    throw new ForeignIndex(`${source.path} belongs to cluster ${source.clusterId}, not ${clusterId}.`);
  }
  const rank = ({ kind }: Source) => (kind === 'live' ? 0 : 1);
  return sources.sort((a, b) => b.applied.sequence - a.applied.sequence || rank(a) - rank(b));
}

/** The database in use of a zone; one that is damaged is set aside. */
async function findLive(path: string, log: IndexLog): Promise<Omit<LiveSource, 'kind'> | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    const facts = isNotedDamaged(path) ? undefined : readFacts(path);
    if (facts !== undefined) return { ...facts, path };
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  log.error({ path }, 'the index database is damaged: set aside, another one takes over');
  await setAside(path);
  return undefined;
}

/** Copies a snapshot to where a database in use lies. Undefined if its bytes are not what they were. */
async function restore(source: Snapshot, options: SourceOptions): Promise<string | undefined> {
  const [zonePath = ''] = options.zonePaths;
  const path = databasePath(zonePath);
  const draft = `${path}.draft`;
  await makeIndexFolder(zonePath);
  const { digest } = runSnapshotTask({ kind: 'copy', from: source.path, draft });
  if (digest !== source.digest) {
    options.log.error({ path: source.path }, 'a snapshot of the index is damaged: another one takes over');
    await discardSnapshot(source);
    return undefined;
  }
  // What has the name is behind the snapshot. Its log must be gone for good before another file takes the name.
  await removeDatabase(path);
  await rename(draft, path);
  await syncFolder(indexFolder(zonePath));
  options.log.info({ snapshot: source.path, sequence: source.applied.sequence }, 'restored the index from a snapshot');
  return path;
}

/** The index is used in one zone: databases of other zones are behind it. */
async function removeOthers(path: string, { zonePaths }: SourceOptions): Promise<void> {
  for (const other of zonePaths.map(databasePath)) {
    if (other !== path && existsSync(other)) await removeDatabase(other);
  }
}
