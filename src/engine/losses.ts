/**
 * Losses: versions of which bytes can be had from nowhere any more. Scrub and repair find stripes that they cannot read; which blobs lay
 * there the index says, and which versions these belong to a walk over all of it. It is paid for only when something is lost.
 *
 * Each version is noted and told once, in one commit, whatever dies in between: a pass that was cut short is made again, and what is noted
 * already is passed by. What is lost and named by no version yet (parts of uploads, copies that share its bytes) is told of by a later pass.
 */
import type { LossCheck } from '../blob/loss-check.ts';
import type { BlobMaintenance } from '../blob/maintenance/types.ts';
import type { BlobStore } from '../blob/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { NoteLoss } from '../meta/commands.ts';
import type { Bucket, Slice } from '../meta/records.ts';
import { type BlobVersions, type BlobVersionsQuery, type Index, VersionGone } from '../meta/types.ts';
import { noticing } from './events/notices.ts';
import { serviceCause } from './events/service-cause.ts';

export interface Losses {
  /** One piece of a pass: `busy` while it goes on. A pass begins when something new was found that cannot be read, or after an hour. */
  step(): Promise<'busy' | 'idle'>;
  /** Versions found to be lost since the start. */
  noted(): number;
}

export interface LossParts {
  readonly index: Index;
  readonly blobs: Pick<BlobStore, 'segments'> & { checkLosses(): Pick<LossCheck, 'isLost'> };
  readonly maintenance: Pick<BlobMaintenance, 'health'>;
  readonly clock: Clock;
}

const againAfterMs = 60 * 60 * 1000;
/** Blobs, or buckets, looked at in a step. */
const atOnce = 256;
/** Versions gone over in a step, and of those that may have bytes in what is lost so many are looked at: some milliseconds. */
const versionsAtOnce = 1000;
const lookedAtOnce = 64;

/** Blobs that were found to be lost, by id, and what found them. */
interface Lost {
  readonly blobs: ReadonlySet<number>;
  /** Between which ids these are. */
  readonly firstBlob: number;
  readonly lastBlob: number;
  readonly check: Pick<LossCheck, 'isLost'>;
}

export function createLosses(parts: LossParts): Losses {
  const walk = new LossWalk(parts);
  return { step: () => walk.step(), noted: () => walk.noted };
}

class LossWalk {
  readonly #parts: LossParts;
  #pass: AsyncGenerator<void> | undefined;
  /** What the last pass was about, and when it began. */
  #last = { suspects: '[]', startedMs: Number.NEGATIVE_INFINITY };
  noted = 0;

  constructor(parts: LossParts) {
    this.#parts = parts;
  }

  async step(): Promise<'busy' | 'idle'> {
    this.#pass ??= await this.#begin();
    if (this.#pass === undefined) return 'idle';
    try {
      const { done = false } = await this.#pass.next();
      if (!done) return 'busy';
    } catch (error) {
      // Another pass begins at once.
      this.#last = { suspects: '', startedMs: Number.NEGATIVE_INFINITY };
      this.#pass = undefined;
      throw error;
    }
    this.#pass = undefined;
    return 'idle';
  }

  async #begin(): Promise<AsyncGenerator<void> | undefined> {
    const nowMs = this.#parts.clock.nowMs();
    const segments = await this.#suspects();
    const suspects = JSON.stringify(segments);
    const isNew = suspects !== this.#last.suspects || nowMs - this.#last.startedMs >= againAfterMs;
    if (segments.length === 0 || !isNew) return undefined;
    this.#last = { suspects, startedMs: nowMs };
    return this.#walk(segments.map(({ segment }) => segment));
  }

  /** Segments with places that could not be read, and those of which no file is there. */
  async #suspects(): Promise<readonly { readonly segment: string; readonly places?: readonly unknown[] }[]> {
    const { index, blobs, maintenance } = this.#parts;
    const used = (await index.listSegments()).filter(({ liveBytes }) => liveBytes > 0);
    const there = new Set(blobs.segments().map(({ segment }) => segment));
    const gone = used.filter(({ segment }) => !there.has(segment)).map(({ segment }) => ({ segment }));
    const unread = maintenance.health().filter(({ unreadablePlaces }) => unreadablePlaces.length > 0);
    return [...gone, ...unread.map(({ segment, unreadablePlaces: places }) => ({ segment, places }))];
  }

  async *#walk(segments: readonly string[]): AsyncGenerator<void> {
    const { index } = this.#parts;
    const check = this.#parts.blobs.checkLosses();
    const lostBlobs = new Set<number>();
    let [firstBlob, lastBlob] = [Number.MAX_SAFE_INTEGER, 0];
    for (const segment of segments) {
      for (let after: number | undefined = 0; after !== undefined; ) {
        const entries = await index.listSegmentBlobs(segment, { after, limit: atOnce });
        for (const { blob, location } of entries) {
          if (!(await check.isLost(location))) continue;
          lostBlobs.add(blob);
          [firstBlob, lastBlob] = [Math.min(firstBlob, blob), Math.max(lastBlob, blob)];
        }
        after = entries.at(-1)?.blob;
        yield;
      }
    }
    if (lostBlobs.size === 0) return;
    const lost = { blobs: lostBlobs, firstBlob, lastBlob, check };
    for (let after: string | undefined = ''; after !== undefined; ) {
      const { buckets }: { readonly buckets: readonly Bucket[] } = await index.listBuckets({
        prefix: '',
        after,
        limit: atOnce,
      });
      for (const bucket of buckets) yield* this.#walkBucket(bucket, lost);
      after = buckets.at(-1)?.name;
    }
  }

  async *#walkBucket(bucket: Bucket, lost: Lost): AsyncGenerator<void> {
    const { index } = this.#parts;
    const { firstBlob, lastBlob } = lost;
    for (let from: BlobVersionsQuery['from'] | undefined = { key: '' }; from !== undefined; ) {
      const query = { bucketId: bucket.id, firstBlob, lastBlob, from, limit: versionsAtOnce };
      const { found, next }: BlobVersions = await index.findVersionsOfBlobs(query);
      const notes: NoteLoss[] = [];
      for (const [n, version] of found.entries()) {
        notes.push(...(await this.#look(bucket, version, lost)));
        if (n % lookedAtOnce === lookedAtOnce - 1) yield;
      }
      // All together, so that they are a commit or a few.
      await Promise.all(notes.map((note) => index.submit(note)));
      this.noted += notes.length;
      from = next;
      yield;
    }
  }

  async #look(
    bucket: Bucket,
    { key, ordinal, versionId }: BlobVersions['found'][number],
    lost: Lost,
  ): Promise<readonly NoteLoss[]> {
    const { index, clock } = this.#parts;
    const version = await index.getVersion(bucket.id, key, versionId);
    if (version?.ordinal !== ordinal || version.attributes.lostMs !== undefined) return [];
    const slices = await index.getSlices(version, { start: 0, end: version.size }).catch((error: unknown) => {
      if (error instanceof VersionGone) return [];
      throw error;
    });
    if (!(await hasLost(slices, lost))) return [];
    const noticeOf = await noticing({ index, clock }, bucket, serviceCause());
    const notice = noticeOf('ReducedRedundancyLostObject', key);
    return [{ type: 'note-loss', bucketId: bucket.id, key, ordinal, atMs: clock.nowMs(), ...notice }];
  }
}

/** Compaction may have moved a blob since it was found to be lost: where it lies now decides. */
async function hasLost(slices: readonly Slice[], { blobs, check }: Lost): Promise<boolean> {
  for (const { blob, location } of slices) if (blobs.has(blob) && (await check.isLost(location))) return true;
  return false;
}
