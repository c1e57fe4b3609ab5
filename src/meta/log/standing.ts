/**
 * Who is heard at a start, who leads, and who went another way.
 *
 * Two copies of one history differ by what the shorter one lacks, and by a last record that is void: the other copy has
 * one of a later epoch in its place, behind the same predecessor. Everything else is two histories, and no rule says
 * which is right: one copy that stands against a majority is set aside, anything else needs somebody who knows.
 */

import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { databasePath, setAside } from '../database.ts';
import { findSnapshot } from '../snapshots/snapshot-file.ts';
import { FILE_HEADER_BYTES, type FoundRecord, scanRecords } from './codec.ts';
import { logFilePath, readBytes } from './files.ts';
import { LogQuorumLost, majorityOf } from './majority.ts';
import { forgetEpoch, setFilesAside } from './refill.ts';
import type { Survey, Tail } from './survey.ts';

/** Copies of the log hold different histories, and no majority agrees on one. */
export class LogDiverged extends Error {
  override readonly name = 'LogDiverged';
}

export type Leader = Survey & { readonly tail: Tail };

/** The copy whose last record has the largest (epoch, sequence). */
export function leading(surveys: readonly Survey[]): Leader | undefined {
  let best: Leader | undefined;
  for (const copy of surveys) {
    if (!hasTail(copy)) continue;
    if (best === undefined || order(copy, best) > 0) best = copy;
  }
  return best;
}

export function hasTail(copy: Survey): copy is Leader {
  return copy.tail !== undefined;
}

export function order(a: Leader, b: Leader): number {
  return (
    a.tail.record.epoch - b.tail.record.epoch ||
    a.tail.record.sequence - b.tail.record.sequence ||
    a.files.length - b.files.length
  );
}

/**
 * A start hears a majority of all copies that there are. A copy counts if it was whole once: one that was never promised
 * to an epoch, as that of a new disk, cannot say that there is nothing. Only where all are new is there nothing; a first
 * start that was killed may have promised some of them to the first epoch.
 */
export function requireQuorum(
  surveys: readonly Survey[],
  zones: { readonly count: number; readonly errors: readonly unknown[] },
): void {
  const heard = surveys.filter((copy) => copy.epoch !== undefined);
  if (heard.length >= majorityOf(zones.count)) return;
  const isNew = surveys.every(({ epoch = 0, tail, base }) => epoch <= 1 && tail === undefined && base === undefined);
  if (isNew && surveys.length === zones.count) return;
  const empty = surveys.filter((copy) => copy.epoch === undefined).map((copy) => copy.zone);
  const words = [
    ...(zones.errors.length > 0 ? [`${zones.errors.length} of ${zones.count} zones are not there`] : []),
    ...(empty.length > 0 ? [`the commit log of ${empty.join(' and ')} is not whole (a new disk?)`] : []),
  ];
  throw new LogQuorumLost(
    [...zones.errors],
    `Acknowledged changes may be missing: ${words.join(', and ')}. Bring back ${majorityOf(zones.count)} zones with ` +
      'their logs, or take the log of one zone for the truth: ninefold serve --trust-zone NAME.',
  );
}

/** The copies that hold another history than the leading one. Throws LogDiverged if they are not a lone minority. */
export async function findDiverged(leader: Leader, others: readonly Survey[]): Promise<readonly Survey[]> {
  const diverged: Survey[] = [];
  const words: string[] = [];
  for (const copy of others) {
    const what = hasTail(copy) ? await difference(leader, copy) : undefined;
    if (what === undefined) continue;
    diverged.push(copy);
    words.push(what);
  }
  const agreeing = others.length + 1 - diverged.length;
  if (diverged.length === 0 || (diverged.length === 1 && agreeing > diverged.length)) return diverged;
  throw new LogDiverged(
    `The commit logs hold different histories: ${words.join('; ')}. Take away the zones that are wrong, or name the ` +
      "one that is right: ninefold serve --trust-zone NAME. The others' logs are then set aside.",
  );
}

/** In words, how a copy's history differs from the leading one; undefined if it is the same. */
async function difference(leader: Leader, copy: Leader): Promise<string | undefined> {
  const own = copy.tail.record;
  const words = (of: FoundRecord) => `record ${of.sequence} of epoch ${of.epoch}`;
  const ends = `zone ${copy.zone} ends with ${words(own)}`;
  if (own.sequence > leader.tail.record.sequence) {
    return `${ends}, zone ${leader.zone} with ${words(leader.tail.record)}`;
  }
  const [oldest] = leader.files;
  // What the leading copy has dropped cannot be compared; the files of such a copy are kept aside.
  if (oldest !== undefined && own.sequence < oldest.first) return undefined;
  const taken = await recordOf(leader, own.sequence);
  if (taken === undefined || taken.checksum === own.checksum) return undefined;
  const isVoid = taken.epoch > own.epoch && taken.chain === own.chain;
  return isVoid ? undefined : `${ends}, where zone ${leader.zone} has another (${words(taken)})`;
}

/** A record of a copy by its sequence; undefined if it is not there whole. */
async function recordOf(copy: Leader, sequence: number): Promise<FoundRecord | undefined> {
  if (sequence === copy.tail.record.sequence) return copy.tail.record;
  const file = copy.files.findLast(({ first }) => first <= sequence);
  if (file === undefined) return undefined;
  const bytes = await readBytes(logFilePath(copy.folder, file.first), { start: 0 });
  for (const record of scanRecords(bytes, FILE_HEADER_BYTES)) if (record.sequence === sequence) return record;
  return undefined;
}

/** Takes all that a zone has of the index out of use, but keeps the files. Returns what its copy is then: empty. */
export async function setCopyAside(copy: Survey, clusterId: string): Promise<Survey> {
  await forgetEpoch(copy.folder);
  // The log last: as long as it is there the next start finds the same again.
  const zonePath = dirname(copy.folder);
  if (existsSync(databasePath(zonePath))) await setAside(databasePath(zonePath));
  const snapshot = await findSnapshot({ zonePath, clusterId });
  for (const path of snapshot === undefined ? [] : [`${snapshot.path}.json`, snapshot.path]) {
    await rename(path, `${path}.aside`);
  }
  await setFilesAside(copy);
  return { ...copy, files: [], tail: undefined, base: undefined, epoch: undefined };
}
