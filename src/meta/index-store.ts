/**
 * The index, opened: the most advanced database or snapshot of all zones takes over, the commit log is found again, the
 * database brought up to it, and the loop started that makes every change. Reads run on a connection of their own and see
 * every acknowledged commit and nothing else.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { Checkpoints } from './checkpoints.ts';
import type { Command, CommandResult } from './commands.ts';
import { openReader, openWriter } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { HotRows } from './hot-rows.ts';
import { Instants } from './instants.ts';
import type { CommitLog } from './log/commit-log.ts';
import { decodePayload } from './log/payload.ts';
import { findLog, type IndexLog, type Recovered, type RecoveryChoices, recoverLog } from './log/recovery.ts';
import { Rejoin } from './log/rejoin.ts';
import { replay } from './log/replay.ts';
import { Reader } from './reader.ts';
import type { BlobLocation } from './records.ts';
import { type OpenedIndex, openHealing } from './self-healing.ts';
import { runOffThread } from './snapshots/run-off-thread.ts';
import { SnapshotFiles } from './snapshots/snapshot-files.ts';
import { Upkeep } from './snapshots/upkeep.ts';
import { findSources, readyDatabase } from './sources.ts';
import { Statements } from './tables/lazy-statements.ts';
import type { EventFollower, Index, IndexInstant, IndexState, IndexUpkeep } from './types.ts';
import { Writer } from './writer.ts';

export interface IndexOptions {
  /** Every zone and its folder, which must exist unless the zone is lost; `log/` and in one of them `index/` are ours. */
  readonly zones: readonly { readonly name: string; readonly path: string }[];
  /** Lower-case hex, at most 32 bytes. */
  readonly clusterId: string;
  /**
   * Called once per batch, in the tick in which its record starts on its way into the log. The batch is durable only if
   * this resolves too: here the blobs that the commands name are synced. With BlobsLost only commands that bring those fail.
   */
  readonly alongside: () => Promise<void>;
  /**
   * Whether a blob's bytes are all there; asked at start for what the last log record brings. False discards that record,
   * so where it cannot be known (disks are missing) this must reject instead, which stops the start.
   */
  readonly isIntact: (location: BlobLocation) => Promise<boolean>;
  readonly logFileSizeMaxBytes?: number;
  /** How often, in milliseconds, it is checked that a log file in use is still in its folder. */
  readonly pathCheckMs?: number;
  /** Least time, in milliseconds, between two attempts to bring a lost zone's log back while serving. */
  readonly rejoinEveryMs?: number;
  /** Least length of log between two snapshots of the index. */
  readonly snapshotLogBytes?: number;
  /** How often, in milliseconds, a snapshot is read through. */
  readonly snapshotCheckMs?: number;
  /** Epochs begin above this one: above those of a log that a rebuilt one takes the place of, and that may turn up again. */
  readonly epochMin?: number;
  /** What the operator decides where the start cannot. */
  readonly choices?: RecoveryChoices;
  readonly log?: IndexLog;
}

const LOG_FILE_SIZE_MAX_BYTES = 64 * 1024 * 1024;
const PATH_CHECK_MS = 250;
const REJOIN_EVERY_MS = 2_000;
const SNAPSHOT_LOG_BYTES = 128 * 1024 * 1024;
const SNAPSHOT_CHECK_MS = 24 * 60 * 60 * 1000;
/** Log records replayed in one transaction. */
const REPLAYED_AT_ONCE = 1_000;
const SILENT: IndexLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Opens the index. Rejects with LogQuorumLost if fewer than a majority of zones are there and whole, LogDamaged,
 * LogDiverged, ForeignLog or ForeignIndex if what is found contradicts itself or the options, LastRecordUndecided if
 * nobody can say whether the last change was acknowledged, SchemaTooNew if a newer program was here.
 */
export function openIndex(options: IndexOptions): Promise<Index> {
  return openHealing({
    open: (how) => openOnce(how === 'again' ? { ...options, choices: { lastRecord: 'keep' } } : options),
    retryEveryMs: options.rejoinEveryMs ?? REJOIN_EVERY_MS,
    log: options.log ?? SILENT,
  });
}

async function openOnce(options: IndexOptions): Promise<OpenedIndex> {
  const logger = options.log ?? SILENT;
  const { clusterId, zones, choices = {} } = options;
  const zonePaths = zones.map((zone) => zone.path).filter((path) => existsSync(path));
  const recovery = {
    zones,
    clusterId,
    isIntact: options.isIntact,
    choices,
    epochMin: options.epochMin ?? 0,
    fileSizeMaxBytes: options.logFileSizeMaxBytes ?? LOG_FILE_SIZE_MAX_BYTES,
    pathCheckMs: options.pathCheckMs ?? PATH_CHECK_MS,
    log: logger,
  };
  const [likely] = await findSources({ zonePaths, clusterId, log: logger });
  const found = await findLog(recovery, likely?.applied);
  const path = await readyDatabase({ zonePaths, clusterId, log: logger });
  const writerDb = openWriter(path);
  try {
    const writer = new Writer(writerDb);
    const recovered = await recoverLog(recovery, found, writer.applied());
    await catchUp(writer, recovered, logger);
    return { path, index: assembleIndex(options, { path, writerDb, writer, log: recovered.log }) };
  } catch (error) {
    writerDb.close();
    // The log may have been opened already; a process that tries again must not leave its files to the collector.
    await Promise.all(found.zones.map((zone) => zone.close()));
    throw error;
  }
}

function assembleIndex(
  options: IndexOptions,
  { path, writerDb, writer, log }: { path: string; writerDb: Database; writer: Writer; log: CommitLog },
): Index {
  const { clusterId, alongside, log: logger = SILENT } = options;
  const checkpoints = new Checkpoints({ writerDb, path, logger });
  const snapshots = new SnapshotFiles((task) => checkpoints.heldWhile(() => runOffThread(task)));
  const rejoin = new Rejoin(log, {
    clusterId,
    everyMs: options.rejoinEveryMs ?? REJOIN_EVERY_MS,
    snapshots,
    logger,
  });
  const upkeep = new Upkeep(log, {
    clusterId,
    databaseZonePath: dirname(dirname(path)),
    logBytesMin: options.snapshotLogBytes ?? SNAPSHOT_LOG_BYTES,
    checkEveryMs: options.snapshotCheckMs ?? SNAPSHOT_CHECK_MS,
    snapshots,
    logger,
  });
  const hot = new HotRows();
  const commits = new GroupCommit({ writer, log, rejoin, alongside, logger, hot });
  const instants = new Instants(path, checkpoints);
  const readerDb = openReader(path);
  return new IndexStore({
    clusterId,
    writerDb,
    readerDb,
    instants,
    checkpoints,
    hot,
    writer,
    commits,
    log,
    rejoin,
    upkeep,
    snapshots,
  });
}

/** Replays what the log has and the database has not. */
async function catchUp(writer: Writer, { log, files, folders }: Recovered, logger: IndexLog): Promise<void> {
  const after = writer.applied();
  if (after.sequence === log.sequence) return;
  writer.begin();
  try {
    for await (const { payload, applied } of replay(folders, { files, after, last: log.sequence })) {
      writer.replay(decodePayload(payload), applied);
      if (applied.sequence % REPLAYED_AT_ONCE !== 0) continue;
      writer.commit(applied.sequence);
      writer.begin();
    }
    writer.commit(log.sequence);
  } catch (error) {
    writer.rollback();
    throw error;
  }
  logger.info({ from: after.sequence + 1, to: log.sequence }, 'replayed the commit log');
}

interface Opened {
  readonly clusterId: string;
  readonly writerDb: Database;
  readonly readerDb: Database;
  readonly instants: Instants;
  readonly checkpoints: Checkpoints;
  readonly hot: HotRows;
  readonly writer: Writer;
  readonly commits: GroupCommit;
  readonly log: CommitLog;
  readonly rejoin: Rejoin;
  readonly upkeep: Upkeep;
  readonly snapshots: SnapshotFiles;
}

class IndexStore extends Reader implements Index {
  readonly upkeep: IndexUpkeep;
  readonly #opened: Opened;
  #closing: Promise<void> | undefined;

  constructor(opened: Opened) {
    super(new Statements(opened.readerDb), opened.hot);
    this.#opened = opened;
    const { upkeep, commits, log } = opened;
    this.upkeep = {
      status: () => upkeep.status(),
      holdings: () => upkeep.holdings(),
      async step() {
        const outcome = await upkeep.step();
        // A copy comes back between two batches, and there may be none for long.
        if (log.zones.some((zone) => zone.isStale)) await commits.attend();
        return outcome;
      },
    };
  }

  submit<C extends Command>(command: C): Promise<CommandResult<C>> {
    return this.#opened.commits.submit(command) as Promise<CommandResult<C>>;
  }

  followEvents(follower: EventFollower): () => void {
    const { followers } = this.#opened.commits;
    followers.add(follower);
    return () => {
      followers.delete(follower);
    };
  }

  lastOrdinal(): number {
    return this.#opened.writer.lastOrdinal;
  }

  state(): IndexState {
    const { clusterId, log } = this.#opened;
    const { sequence, epoch, zones } = log;
    return { clusterId, sequence, epoch, zones: zones.map(({ zone, isStale }) => ({ zone, isStale })) };
  }

  async openInstant(): Promise<IndexInstant> {
    return this.#opened.instants.open();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { commits, log, rejoin, readerDb, writerDb, instants, checkpoints, snapshots } = this.#opened;
    try {
      await commits.close();
      await rejoin.settled();
      await snapshots.settled();
      await log.close();
    } finally {
      // Whatever failed: a connection that is closed later would take the files of one opened meanwhile with it.
      instants.close();
      await checkpoints.settled();
      closeDatabase({ readerDb, writerDb });
    }
  }
}

function closeDatabase({ readerDb, writerDb }: Pick<Opened, 'readerDb' | 'writerDb'>): void {
  readerDb.close();
  try {
    writerDb.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    writerDb.close();
  }
}
