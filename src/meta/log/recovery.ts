/**
 * Finding the log again at start, over all zones that are there. Of the copies the one with the largest (epoch, sequence)
 * at its end leads: every acknowledged record is in a majority of copies, and an epoch is promised by a majority before
 * it is used, so the leading copy among any majority has them all. Only its last record can be unacknowledged; it is
 * accepted if it is intact with all it names, and cut otherwise. Then the other copies are made equal, a new epoch
 * begins, and if anything was in doubt an empty record of that epoch settles it before anyone sees the state.
 */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../../lib/durable-files.ts';
import type { BlobLocation } from '../records.ts';
import type { Applied } from '../tables/state.ts';
import { UnknownLogVersion } from './codec.ts';
import { CommitLog } from './commit-log.ts';
import { logFilePath, readBytes, truncateDurably } from './files.ts';
import { LogQuorumLost, majorityOf } from './majority.ts';
import { encodePayload, newLocations } from './payload.ts';
import { assemble, refill, type WholeLog } from './refill.ts';
import { payloadBytes } from './replay.ts';
import { ForeignLog, type Survey, survey, type Tail } from './survey.ts';
import { ZoneLog, type ZoneLogOptions } from './zone-log.ts';

/** The subset of a logger that the index writes to. */
export interface IndexLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface RecoveryOptions {
  readonly zones: readonly { readonly name: string; readonly path: string }[];
  readonly clusterId: string;
  readonly isIntact: (location: BlobLocation) => Promise<boolean>;
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

type Leader = Survey & { readonly tail: Tail };

/** Opens the commit log. `applied` is how far the database is. Rejects with LogQuorumLost, LogDamaged, ForeignLog. */
export async function recoverLog(options: RecoveryOptions, applied: Applied): Promise<Recovered> {
  const zones = options.zones.map(({ name, path }) => new ZoneLog(zoneOptions(options, { name, path })));
  let surveys = await surveyAll(options, zones, applied);
  let leader = leading(surveys);
  requireAgreement(leader, applied);
  const isDoubtful = (leader?.tail.record.sequence ?? 0) > applied.sequence;
  if (leader !== undefined && isDoubtful && !(await isLastIntact(options, leader))) {
    options.log.warn({ sequence: leader.tail.record.sequence }, 'the last log record was never acknowledged: cut');
    await cutLast(surveys, leader.tail.record.sequence);
    surveys = await surveyAll(options, zones, applied);
    leader = leading(surveys);
  }

  const others = surveys.filter((copy) => copy !== leader);
  const whole = leader && (await assemble(leader, others));
  await refillAll(options, zones, { copies: surveys, whole });

  const epochs = await Promise.all(zones.filter((zone) => !zone.isStale).map((zone) => zone.readEpoch()));
  const log = new CommitLog(zones, endOf(leader), {
    epoch: Math.max(0, ...epochs, ...surveys.map((copy) => copy.tail?.record.epoch ?? 0)),
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

/** Surveys the zones that are there; the others become stale. Rejects if fewer than a majority are. */
async function surveyAll(
  options: RecoveryOptions,
  zones: readonly ZoneLog[],
  applied: Applied,
): Promise<readonly Survey[]> {
  const surveys: Survey[] = [];
  const errors: unknown[] = [];
  for (const [i, zone] of zones.entries()) {
    try {
      const path = options.zones[i]?.path ?? '';
      if (!(await stat(path)).isDirectory()) throw new Error(`${path} is no folder`);
      await mkdir(zone.folder, { recursive: true });
      await syncFolder(path);
      const place = { zone: zone.zone, folder: zone.folder, clusterId: options.clusterId };
      surveys.push(await survey(place, applied.sequence > 0 ? applied : undefined));
    } catch (error) {
      if (error instanceof ForeignLog || error instanceof UnknownLogVersion) throw error;
      errors.push(error);
      zone.markStale(error);
    }
  }
  if (surveys.length < majorityOf(zones.length)) {
    throw new LogQuorumLost(errors, `${errors.length} of ${zones.length} zones are not there.`);
  }
  return surveys;
}

function leading(surveys: readonly Survey[]): Leader | undefined {
  let best: Leader | undefined;
  for (const copy of surveys) {
    if (!hasTail(copy)) continue;
    if (best === undefined || order(copy, best) > 0) best = copy;
  }
  return best;
}

function hasTail(copy: Survey): copy is Leader {
  return copy.tail !== undefined;
}

function order(a: Leader, b: Leader): number {
  return (
    a.tail.record.epoch - b.tail.record.epoch ||
    a.tail.record.sequence - b.tail.record.sequence ||
    a.files.length - b.files.length
  );
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

async function isLastIntact(options: RecoveryOptions, leader: Leader): Promise<boolean> {
  const { start, end } = leader.tail.record;
  const bytes = await readBytes(logFilePath(leader.folder, leader.tail.file), { start, end });
  for (const location of newLocations(payloadBytes(bytes))) {
    if (!(await options.isIntact(location))) return false;
  }
  return true;
}

/** Cuts a void last record wherever there is one of its sequence, the losing ones of older epochs first. */
async function cutLast(surveys: readonly Survey[], sequence: number): Promise<void> {
  const copies = surveys.filter(hasTail).filter((copy) => copy.tail.record.sequence === sequence);
  for (const { folder, tail } of copies.sort(order)) {
    const path = logFilePath(folder, tail.file);
    if (sequence === tail.file) {
      await rm(path);
      await syncFolder(folder);
    } else {
      await truncateDurably(path, tail.record.start);
    }
  }
}

/** Makes every copy equal; one that cannot be is stale. */
async function refillAll(
  options: RecoveryOptions,
  zones: readonly ZoneLog[],
  { copies, whole }: { copies: readonly Survey[]; whole: WholeLog | undefined },
): Promise<void> {
  for (const copy of copies) {
    if (whole === undefined) continue;
    try {
      const changed = await refill(copy, options, whole);
      if (changed) options.log.info({ zone: copy.zone }, 'refilled the log of a zone');
    } catch (error) {
      zones.find((zone) => zone.zone === copy.zone)?.markStale(error);
    }
  }
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
