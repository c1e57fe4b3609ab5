/**
 * Whether the last record of the log counts. It may be one that a wave left behind which never ended. It was acknowledged
 * only if a majority of zones had it and its blobs were durable, so it is kept if the blobs are intact, and is void if
 * they cannot ever have been, or if the copies that can be seen leave no majority for it.
 */
import { rm } from 'node:fs/promises';
import { syncFolder } from '../../lib/durable-files.ts';
import type { Command } from '../commands.ts';
import type { BlobLocation } from '../records.ts';
import { describeCommand } from './describe.ts';
import { logFilePath, readBytes, truncateDurably } from './files.ts';
import { majorityOf } from './majority.ts';
import { decodePayload, newLocations } from './payload.ts';
import { payloadBytes } from './replay.ts';
import { hasTail, type Leader, order } from './standing.ts';
import type { Survey } from './survey.ts';

/** What to do with a last record of which nobody can say whether it was acknowledged. */
export type LastRecordChoice = 'keep' | 'drop';

/** Nobody can say whether the last change was acknowledged; the message says what can be done. */
export class LastRecordUndecided extends Error {
  override readonly name = 'LastRecordUndecided';
}

interface Judging {
  readonly isIntact: (location: BlobLocation) => Promise<boolean>;
  readonly zoneCount: number;
  readonly choice: LastRecordChoice | undefined;
}

/** Decides on the leading copy's last record, which no database has. Throws LastRecordUndecided. */
export async function isLastKept(leader: Leader, surveys: readonly Survey[], judging: Judging): Promise<boolean> {
  const { start, end, sequence, checksum } = leader.tail.record;
  const payload = payloadBytes(await readBytes(logFilePath(leader.folder, leader.tail.file), { start, end }));
  try {
    for (const location of newLocations(payload)) if (!(await judging.isIntact(location))) return false;
    return true;
  } catch (cause) {
    // A copy with the start of a record behind its last one may have lost this one; one that is away may have it.
    const without = surveys.filter((copy) => copy.tail?.record.checksum !== checksum && !isTorn(copy));
    if (judging.zoneCount - without.length < majorityOf(judging.zoneCount)) return false;
    if (judging.choice !== undefined) return judging.choice === 'keep';
    throw new LastRecordUndecided(undecided(sequence, decodePayload(payload), cause), { cause });
  }
}

function isTorn(copy: Survey): boolean {
  const { tail } = copy;
  const file = copy.files.at(-1);
  return tail === undefined || file === undefined || file.first !== tail.file || file.sizeBytes > tail.record.end;
}

function undecided(sequence: number, commands: readonly Command[], cause: unknown): string {
  return `The last change in the commit log (record ${sequence}) may have been acknowledged, or may never have been finished: ${String(cause)}.
It says: ${commands.map((command) => describeCommand(command)).join('; ')}.
Bring back the disks that are away and start again, which decides it. If they are lost, decide yourself:
  ninefold serve --last-record drop   as if the change had never been asked for (right if no client was told that it succeeded)
  ninefold serve --last-record keep   as if it had succeeded (its data may be unreadable)`;
}

/** Cuts a void last record wherever there is one of its sequence, the losing ones of older epochs first. */
export async function cutLast(surveys: readonly Survey[], sequence: number): Promise<void> {
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
