/**
 * Finding the log again at start, over all zones that are there. Of the copies the one with the largest (epoch, sequence)
 * at its end leads: every acknowledged record is in a majority of copies, and an epoch is promised by a majority before
 * it is used, so the leading copy among any majority has them all. Only its last record can be unacknowledged; it is
 * accepted if it is intact with all it names, and cut otherwise. Then the other copies are made equal, as far back as their
 * snapshots need it, a new epoch begins, and if anything was in doubt an empty record of that epoch settles it before
 * anyone sees the state. A copy that needs another snapshot first comes back while the index serves, unless there is no
 * majority without it.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../lib/durable-files.ts';
import type { BlobLocation } from '../records.ts';
import { findSnapshot, type Snapshot } from '../snapshots/snapshot-file.ts';
import { SnapshotFiles } from '../snapshots/snapshot-files.ts';
import { runSnapshotTask } from '../snapshots/snapshot-work.ts';
import type { Applied } from '../tables/state.ts';
import { UnknownLogVersion } from './codec.ts';
import { CommitLog } from './commit-log.ts';
import { cutLast, isLastKept, type LastRecordChoice } from './last-record.ts';
import { majorityOf } from './majority.ts';
import { encodePayload } from './payload.ts';
import { assemble, filesBehind, rebase, refill, type WholeLog } from './refill.ts';
import { findDiverged, type Leader, leading, requireQuorum, setCopyAside } from './standing.ts';
import { ForeignLog, type Survey, survey } from './survey.ts';
import { ZoneLog, type ZoneLogOptions } from './zone-log.ts';

/** The subset of a logger that the index writes to. */
export interface IndexLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What somebody who knows decides where no rule does. */
export interface RecoveryChoices {
  /** The zone whose log is the truth, whatever the others hold. */
  readonly trustZone?: string;
  readonly lastRecord?: LastRecordChoice;
}

export interface RecoveryOptions {
  readonly zones: readonly { readonly name: string; readonly path: string }[];
  readonly clusterId: string;
  readonly isIntact: (location: BlobLocation) => Promise<boolean>;
  readonly choices: RecoveryChoices;
  /** The new epoch is above this one. */
  readonly epochMin: number;
  readonly fileSizeMaxBytes: number;
  readonly pathCheckMs: number;
  readonly log: IndexLog;
}

export interface Recovered {
  readonly log: CommitLog;
  /** Log files in order, by first sequence, and the folders to read them from, the leading copy first. */
  readonly files: readonly number[];
  readonly folders: readonly string[];
}

/** The log and the database contradict each other, or no zone holds what is needed. */
export class LogDamaged extends Error {
  override readonly name = 'LogDamaged';
}

/** A decision taken by hand outranks whatever a zone that is away may come back with: epochs leap this far. */
const TRUST_EPOCHS = 1_000_000;

/** The copies that are there, and the one that leads; the others' differences to it are known to be no contradiction. */
interface Standing {
  readonly surveys: readonly Survey[];
  readonly leader: Leader | undefined;
}

/** The log as it was found, not yet opened. */
export interface FoundLog {
  readonly zones: readonly ZoneLog[];
  readonly standing: Standing;
}

/**
 * Looks at the log in all zones. A zone that holds another history than a majority is set aside as a whole, its database
 * too. `hint` is a record that is likely to be near the end. Rejects with LogQuorumLost, LogDiverged or ForeignLog.
 */
export async function findLog(options: RecoveryOptions, hint: Applied | undefined): Promise<FoundLog> {
  const zones = options.zones.map(({ name, path }) => new ZoneLog(zoneOptions(options, { name, path })));
  return { zones, standing: await findStanding(options, zones, hint) };
}

/** Opens the commit log. `applied` is how far the database is. Rejects with LogDamaged or LastRecordUndecided. */
export async function recoverLog(options: RecoveryOptions, found: FoundLog, applied: Applied): Promise<Recovered> {
  // 1. Whether the leading copy's last record counts.
  const { zones } = found;
  let { standing } = found;
  const isDoubtful = (standing.leader?.tail.record.sequence ?? 0) > applied.sequence;
  requireAgreement(standing.leader, applied);
  if (standing.leader !== undefined && isDoubtful) {
    const { leader, surveys } = standing;
    const judging = { ...options, zoneCount: zones.length, choice: options.choices.lastRecord };
    if (!(await isLastKept(leader, surveys, judging))) {
      options.log.warn({ sequence: leader.tail.record.sequence }, 'the last log record was never acknowledged: cut');
      await cutLast(surveys, leader.tail.record.sequence);
      standing = await findStanding(options, zones, applied);
    }
  }

  // 2. All copies equal.
  const { leader, surveys } = standing;
  const others = surveys.filter((copy) => copy !== leader);
  const whole = leader && (await assemble(leader, others));
  requireReach(whole, applied);
  if (whole !== undefined) await refillAll(options, zones, { surveys, whole });

  // 3. A new epoch.
  const epochs = surveys.flatMap((copy) => [copy.epoch ?? 0, copy.tail?.record.epoch ?? 0]);
  const log = new CommitLog(zones, endOf(leader), {
    epoch: Math.max(options.epochMin, ...epochs) + (options.choices.trustZone === undefined ? 0 : TRUST_EPOCHS),
    fileSizeMaxBytes: options.fileSizeMaxBytes,
  });
  await log.grantEpoch();
  if (isDoubtful && leader !== undefined) await settle(log);
  const files = new Set([
    ...(whole?.files.map((file) => file.first) ?? []),
    ...(log.file === undefined ? [] : [log.file]),
  ]);
  return { log, files: [...files], folders: [leader, ...others].flatMap((copy) => (copy ? [copy.folder] : [])) };
}

function zoneOptions(options: RecoveryOptions, { name, path }: { name: string; path: string }): ZoneLogOptions {
  return {
    zone: name,
    folder: join(path, 'log'),
    clusterId: options.clusterId,
    pathCheckMs: options.pathCheckMs,
    onStale: (zone, error) => options.log.warn({ zone, err: error }, 'the log of a zone takes no more records'),
  };
}

/** Looks at the copies that are there and sets aside one that holds another history than a majority. */
async function findStanding(
  options: RecoveryOptions,
  zones: readonly ZoneLog[],
  hint: Applied | undefined,
): Promise<Standing> {
  const { surveys, errors } = await surveyAll(options, zones, hint);
  const { trustZone } = options.choices;
  if (trustZone === undefined) requireQuorum(surveys, { count: zones.length, errors });
  const leader = leading(trustZone === undefined ? surveys : surveys.filter((copy) => copy.zone === trustZone));
  if (leader === undefined) {
    if (trustZone !== undefined) throw new LogDamaged(`There is no log of zone ${trustZone} that could be trusted.`);
    return { surveys, leader };
  }
  const others = surveys.filter((copy) => copy !== leader);
  const diverged = trustZone === undefined ? await findDiverged(leader, others) : others;
  const kept = await Promise.all(
    surveys.map((copy) => {
      if (!diverged.includes(copy)) return copy;
      options.log.error({ zone: copy.zone }, 'the log of a zone holds another history: set aside');
      return setCopyAside(copy, options.clusterId);
    }),
  );
  return { surveys: kept, leader };
}

/** Surveys the zones that are there; the others become stale. */
async function surveyAll(
  options: RecoveryOptions,
  zones: readonly ZoneLog[],
  hint: Applied | undefined,
): Promise<{ surveys: readonly Survey[]; errors: readonly unknown[] }> {
  const surveys: Survey[] = [];
  const errors: unknown[] = [];
  for (const [i, zone] of zones.entries()) {
    try {
      const path = options.zones[i]?.path ?? '';
      if (!(await stat(path)).isDirectory()) throw new Error(`${path} is no folder`);
      await mkdir(zone.folder, { recursive: true });
      await syncFolder(path);
      const place = { zone: zone.zone, folder: zone.folder, clusterId: options.clusterId };
      surveys.push(await survey(place, hint !== undefined && hint.sequence > 0 ? hint : undefined));
    } catch (error) {
      if (error instanceof ForeignLog || error instanceof UnknownLogVersion) throw error;
      errors.push(error);
      zone.markStale(error);
    }
  }
  return { surveys, errors };
}

/** Every record is in the log before the database has it. */
function requireAgreement(leader: Leader | undefined, applied: Applied): void {
  const record = leader?.tail.record;
  const sequence = record?.sequence ?? 0;
  const isSameHistory = sequence !== applied.sequence || sequence === 0 || record?.checksum === applied.checksum;
  if (sequence >= applied.sequence && isSameHistory) return;
  throw new LogDamaged(
    `The index database ends with record ${applied.sequence} (${applied.checksum}), ` +
      `the commit log with ${sequence} (${record?.checksum ?? 0}).`,
  );
}

/** The database needs the log from its last record on. */
function requireReach(whole: WholeLog | undefined, applied: Applied): void {
  const oldest = whole?.files[0]?.first ?? 1;
  if (oldest <= applied.sequence + 1) return;
  throw new LogDamaged(
    `The commit log begins with record ${oldest}, and the most advanced index database and snapshot there is end with ` +
      `record ${applied.sequence}: bring back a zone that holds what is between them, or run ninefold rebuild-index.`,
  );
}

/** Makes every copy equal; one that cannot be is stale. */
async function refillAll(
  options: RecoveryOptions,
  zones: readonly ZoneLog[],
  { surveys, whole }: { surveys: readonly Survey[]; whole: WholeLog },
): Promise<void> {
  // A snapshot may have turned out to be damaged since the zone was looked at.
  const copies = await Promise.all(surveys.map((copy) => withBase(copy, options.clusterId)));
  const source = await findSource(options, copies, whole);
  const isLacking = (copy: Survey) => filesBehind(copy.base, whole) === undefined;
  // Those that lack nothing but records come first: they may be majority enough.
  for (const copy of copies.toSorted((a, b) => Number(isLacking(a)) - Number(isLacking(b)))) {
    const zone = zones.find((candidate) => candidate.zone === copy.zone);
    const counting = zones.filter((other) => !other.isStale && other !== zone).length;
    try {
      if (!isLacking(copy) || source === undefined) {
        await refillCopy(copy, options, whole);
      } else if (counting >= majorityOf(zones.length)) {
        throw new Error('its snapshot of the index is missing or too old: it is refilled while serving');
      } else {
        await rebase(copy, { source, whole, snapshots: new SnapshotFiles(runSnapshotTask) });
        await refillCopy(await survey({ ...copy, clusterId: options.clusterId }, undefined), options, whole);
      }
    } catch (error) {
      zone?.markStale(error);
    }
  }
}

async function withBase(copy: Survey, clusterId: string): Promise<Survey> {
  const snapshot = await findSnapshot({ zonePath: dirname(copy.folder), clusterId });
  return { ...copy, base: snapshot?.applied };
}

async function refillCopy(copy: Survey, options: RecoveryOptions, whole: WholeLog): Promise<void> {
  const { clusterId, log } = options;
  // Without a snapshot anywhere the log is all there is; the next snapshot makes every copy whole.
  const files = filesBehind(copy.base, whole) ?? whole.files;
  if (await refill(copy, { clusterId, files, end: whole.end })) {
    log.info({ zone: copy.zone }, 'refilled the log of a zone');
  }
}

/** The newest snapshot of any copy that the log reaches back to. */
async function findSource(
  { clusterId }: RecoveryOptions,
  copies: readonly Survey[],
  whole: WholeLog,
): Promise<Snapshot | undefined> {
  const found = await Promise.all(copies.map((copy) => findSnapshot({ zonePath: dirname(copy.folder), clusterId })));
  return found
    .filter((snapshot) => snapshot !== undefined)
    .filter((snapshot) => filesBehind(snapshot.applied, whole) !== undefined)
    .toSorted((a, b) => b.applied.sequence - a.applied.sequence)[0];
}

function endOf(leader: Leader | undefined): ConstructorParameters<typeof CommitLog>[1] {
  if (leader === undefined) return { sequence: 0, checksum: 0, start: undefined, end: undefined };
  const { record, file } = leader.tail;
  const { sequence, checksum } = record;
  return { sequence, checksum, start: { file, offset: record.start }, end: { file, offset: record.end } };
}

async function settle(log: CommitLog): Promise<void> {
  const record = log.prepare(encodePayload([]));
  await log.append(record);
  log.accept(record);
}
