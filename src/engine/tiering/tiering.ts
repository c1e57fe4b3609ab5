import type { Version } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import { refusing } from '../refusals.ts';
import { type Access, AccessNotes } from './access-notes.ts';
import { tieringConfigurations } from './configurations.ts';
import { isNoteworthy, tieringClass } from './tiers.ts';
import type { TieringEngine } from './types.ts';
import { TieringWalk } from './walk.ts';

/** Some two hundred bytes each. */
const notesMax = 50_000;
/** In one command. */
const accessesAtOnce = 1000;

/** Intelligent-Tiering: reads are noted, written down in batches, and versions that are not read move to archive tiers. */
export function createTiering(context: EngineContext, { dayLengthMs }: { dayLengthMs: number }): TieringEngine {
  const { index, clock } = context;
  const notes = new AccessNotes({ max: notesMax });
  let noted = 0;
  let writing: Promise<void> | undefined;

  /** All is submitted in the tick in which it is taken: whatever is submitted later finds it written down. */
  async function write(): Promise<void> {
    const taken = notes.take();
    const written: Promise<void>[] = [];
    for (let from = 0; from < taken.length; from += accessesAtOnce) {
      written.push(writeBatch(taken.slice(from, from + accessesAtOnce)));
    }
    const failed = (await Promise.allSettled(written)).find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async function writeBatch(accesses: readonly Access[]): Promise<void> {
    try {
      await index.submit({ type: 'note-accesses', accesses });
      noted += accesses.length;
    } catch (error) {
      notes.giveBack(accesses);
      throw error;
    }
  }

  /** One batch at a time, so that what could not be written is given back before it is taken again. */
  function writeNotes(): Promise<void> {
    writing ??= refusing({}, write).finally(() => {
      writing = undefined;
    });
    return writing;
  }

  return {
    noteAccess(version: Version) {
      if (version.attributes.storageClass !== tieringClass) return;
      const { size, lastModifiedMs, attributes } = version;
      const nowMs = clock.nowMs();
      if (!isNoteworthy({ size, lastModifiedMs, tiering: attributes.tiering }, { nowMs, dayLengthMs })) return;
      // The job comes too late for so many; if it fails, the job tries again and says so.
      if (notes.note(version, nowMs) === 'full') writeNotes().catch(() => {});
    },
    writeNotes,
    notes: () => ({ waiting: notes.size, noted, missed: notes.missed }),
    close: () => writeNotes().catch(() => {}),
    nextBucket: (after) => refusing({}, () => index.nextBucketWithConfig({ after, kind: tieringConfigurations.kind })),
    walk(bucketName, place) {
      const walk = new TieringWalk(context, bucketName, {
        dayLengthMs,
        place,
        wasRead: (version) => notes.has(version),
      });
      return {
        get place() {
          return walk.place;
        },
        step: (query, figures) => refusing({ bucket: bucketName }, () => walk.step(query, figures)),
      };
    },
  };
}
