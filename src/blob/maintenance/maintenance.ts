/**
 * The store's side of maintenance: which files a segment has at this moment, and what becomes of them. See types.ts.
 *
 * - A segment is rewritten by one piece of work at a time; it may be read by others, and scrubbed, meanwhile.
 * - A new shard file is in its place, durably, before the bookkeeping points to it; the file that it replaces on another
 *   disk goes after that. So whenever the process ends, every shard is where it was, or where it should be, or both.
 * - A segment that is dropped meanwhile stays dropped: it is held while a file is put in its place.
 */
import type { Clock } from '../../lib/clock.ts';
import type { Coder } from '../coding/coder.ts';
import type { Disk } from '../disk.ts';
import type { Disks } from '../disks.ts';
import type { FileCache } from '../file-cache.ts';
import type { BlobLog } from '../options.ts';
import type { SegmentSource } from '../segment-source.ts';
import { type Segment, type SegmentTable, shardPath } from '../segments.ts';
import type { StripeBuffers } from '../stripe-buffers.ts';
import type { RecoveryTools } from '../unit-recovery.ts';
import { copiesOf, type DiskCopy, filesOf, isHeld, lengthOf, removeCopy } from './copies.ts';
import { HealthBook } from './health-book.ts';
import { listSegment, measureSegment } from './listings.ts';
import { ShardFileError } from './new-shard-file.ts';
import { findImprovable, type RewriteOutcome, rewriteShards } from './rewrite-segment.ts';
import { type ScrubFindings, scrubFiles } from './scrub-segment.ts';
import type { ShardPlan } from './shard-plan.ts';
import type {
  BlobMaintenance,
  KnownDamage,
  MaintenanceWork,
  SegmentContents,
  SegmentHealth,
  SegmentMeasure,
  StripeListing,
} from './types.ts';

export interface MaintenanceContext {
  readonly table: SegmentTable;
  readonly disks: Disks;
  readonly source: SegmentSource;
  readonly files: FileCache;
  readonly coder: Coder;
  readonly buffers: StripeBuffers;
  readonly clock: Clock;
  readonly log: BlobLog;
  readonly repairDelayMs: number;
}

interface Target extends ShardPlan {
  readonly target: Disk;
}

export class Maintenance implements BlobMaintenance, SegmentContents {
  readonly #context: MaintenanceContext;
  readonly #tools: RecoveryTools;
  readonly #health: HealthBook;
  /** Segments of which files are being written. */
  readonly #rewritten = new Set<string>();
  /** Work that was begun and not yet ended. */
  readonly #underWay = new Set<MaintenanceWork>();

  constructor(context: MaintenanceContext) {
    this.#context = context;
    this.#tools = { coder: context.coder, scratch: context.buffers.scratch };
    this.#health = new HealthBook(context);
  }

  health(): readonly SegmentHealth[] {
    return this.#health.ofAll(this.#context.table.all());
  }

  scrub(id: string): MaintenanceWork {
    return this.#begin(id, (segment) => this.#scrub(segment));
  }

  repair(id: string): MaintenanceWork {
    return this.#begin(id, (segment) => this.#alone(segment, () => this.#repair(segment)));
  }

  move(id: string): MaintenanceWork {
    return this.#begin(id, (segment) =>
      this.#alone(segment, () => this.#rewrite(segment, this.#targets(segment, ['misplaced']))),
    );
  }

  markDamaged(id: string, { shards, isContradicted }: KnownDamage): void {
    const segment = this.#context.table.get(id);
    if (segment && isContradicted) segment.condition.isContradicted = true;
    for (const shard of shards) {
      if (segment && shard < segment.scheme.shards) segment.condition.report(shard, 'known from before the start');
    }
  }

  retireOpen(): void {
    this.#context.source.retireOpen();
  }

  async measure(id: string): Promise<SegmentMeasure | undefined> {
    const segment = this.#sealed(id);
    if (!segment) return undefined;
    const measured = await measureSegment(filesOf(segment));
    segment.dataBytes ??= measured.dataBytes;
    return measured;
  }

  async *listings(id: string): AsyncGenerator<StripeListing> {
    const segment = this.#sealed(id);
    if (segment) yield* listSegment(filesOf(segment), this.#tools);
  }

  /** Ends all work that is under way. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#underWay, (work) => work.return()));
  }

  #begin(id: string, run: (segment: Segment) => MaintenanceWork): MaintenanceWork {
    const underWay = this.#underWay;
    const segment = this.#sealed(id);
    async function* tracked(): MaintenanceWork {
      if (!segment) return;
      underWay.add(work);
      try {
        yield* run(segment);
      } finally {
        underWay.delete(work);
      }
    }
    const work = tracked();
    return work;
  }

  async *#alone(segment: Segment, run: () => MaintenanceWork): MaintenanceWork {
    if (this.#rewritten.has(segment.id)) return;
    this.#rewritten.add(segment.id);
    try {
      yield* run();
    } finally {
      this.#rewritten.delete(segment.id);
    }
  }

  async *#scrub(segment: Segment): MaintenanceWork {
    const copies = copiesOf(segment);
    await this.#noteLengths(segment, copies);
    const found = yield* scrubFiles({ ...filesOf(segment), copies }, this.#tools);
    if (this.#context.table.get(segment.id) !== segment) return;
    segment.dataBytes ??= found.dataBytes;
    this.#note(segment, found);
    const { damage, inferior } = found;
    for (const copy of copies) {
      const what = damage.get(copy);
      if (what !== undefined && isHeld(segment, copy) && copy.disk.readable) this.#report(segment, copy, what);
    }
    await this.#settle(
      segment,
      copies.filter((copy) => !inferior.has(copy)),
    );
  }

  #note({ id, condition }: Segment, found: ScrubFindings): void {
    const { unreadableStripes, unreadablePlaces, isContradicted, undecidedStripes } = found;
    condition.unreadableStripes = unreadableStripes;
    condition.unreadablePlaces = unreadablePlaces;
    condition.isContradicted = isContradicted;
    condition.undecidedStripes = undecidedStripes;
    condition.version++;
    if (undecidedStripes.length === 0) return;
    this.#context.log.error({ segment: id, stripes: undecidedStripes }, 'The shards of stripes contradict each other');
  }

  async *#repair(segment: Segment): MaintenanceWork {
    if (segment.condition.surplus.some(({ disk }) => disk.readable)) yield* this.#scrub(segment);
    yield* this.#dismiss(segment);
    yield* this.#rewrite(segment, this.#targets(segment, ['missing', 'damaged']));
  }

  /** What others cannot make better where it lies is not written anew: such as after a read of a disk that was about to go. */
  async *#dismiss(segment: Segment): MaintenanceWork {
    const inPlace = this.#targets(segment, ['damaged']).filter(({ shard, target }) => segment.disks[shard] === target);
    if (inPlace.length === 0) return;
    const copies = copiesOf(segment).filter((copy) => isHeld(segment, copy));
    const suspects = copies.filter(({ shard }) => inPlace.some((target) => target.shard === shard));
    await this.#noteLengths(segment, suspects);
    const improvable = yield* findImprovable(filesOf(segment), suspects, this.#tools);
    for (const copy of suspects) if (!improvable.has(copy)) segment.condition.mended(copy.shard);
  }

  /**
   * Of several copies of a shard, one stays that has all the others have: the one that is at home, or the one in use. While
   * each has something that another has not, all stay, and the one in use is mended with their help.
   */
  async #settle(segment: Segment, complete: readonly DiskCopy[]): Promise<void> {
    const { disks, condition } = segment;
    for (const shard of new Set(condition.surplus.map((copy) => copy.shard))) {
      const candidates = complete.filter((copy) => copy.shard === shard && copy.disk.readable);
      const home = this.#health.homeOf(segment, shard);
      const chosen =
        candidates.find(({ disk }) => disk === home) ??
        candidates.find(({ disk }) => disk === disks[shard]) ??
        candidates[0];
      if (!chosen) continue;
      const others = [
        disks[shard],
        ...condition.surplus.filter((copy) => copy.shard === shard).map(({ disk }) => disk),
      ];
      if (chosen.disk !== disks[shard]) {
        const { lengthBytes = 0 } =
          condition.surplus.find((copy) => copy.shard === shard && copy.disk === chosen.disk) ?? {};
        segment.moved({ ...chosen, lengthBytes });
        condition.mended(shard);
      }
      for (const disk of others) if (disk && disk !== chosen.disk) await this.#remove(segment, { shard, disk });
    }
  }

  #targets(segment: Segment, reasons: readonly ShardPlan['why'][]): Target[] {
    const plans = this.#health.plan(segment).filter(({ why }) => reasons.includes(why));
    return plans.flatMap(({ target, ...plan }) => (target ? [{ ...plan, target }] : []));
  }

  async *#rewrite(segment: Segment, targets: readonly Target[]): MaintenanceWork {
    if (targets.length === 0) return;
    const rewrites = targets.map(({ shard, target }) => ({
      shard,
      path: shardPath(target, segment, shard),
      gate: target.gate,
    }));
    let outcomes: RewriteOutcome[] = [];
    try {
      outcomes = yield* rewriteShards(filesOf(segment), rewrites, this.#tools);
      for (const [i, target] of targets.entries()) {
        const outcome = outcomes[i];
        if (outcome) await this.#conclude(segment, target, outcome);
      }
    } catch (error) {
      if (error instanceof ShardFileError) {
        const target = targets.find((_, i) => rewrites[i]?.path === error.path)?.target;
        if (target) this.#context.disks.reportWriteError(target, error.cause);
      }
      throw error;
    } finally {
      await Promise.all(outcomes.map(({ file }) => file.discard()));
    }
  }

  /** Puts a file that is worth it in its place. */
  async #conclude(segment: Segment, { shard, why, target }: Target, outcome: RewriteOutcome): Promise<void> {
    const { file, improvedStripes, incompleteStripes, incompletePlaces } = outcome;
    const { condition } = segment;
    condition.unreadableStripes = incompleteStripes;
    condition.unreadablePlaces = incompletePlaces;
    const source = segment.disks[shard];
    const isInPlace = source === target;
    const isWorthIt = improvedStripes > 0 || (!isInPlace && (why === 'misplaced' || incompleteStripes === 0));
    if (isWorthIt) {
      if (this.#context.table.get(segment.id) !== segment) return;
      segment.hold();
      try {
        await file.install();
        segment.moved({ shard, disk: target, lengthBytes: file.lengthBytes });
      } finally {
        segment.release();
      }
      this.#context.files.closeUnder(file.path);
      if (source && !isInPlace) await this.#remove(segment, { shard, disk: source });
      const fields = { segment: segment.id, shard, disk: target.path, why, improvedStripes, incompleteStripes };
      this.#context.log.info(fields, 'A shard file was written anew');
    }
    condition.mended(shard);
  }

  /** Removes a copy that is not needed any more. What cannot be removed now is found again when its disk is back. */
  async #remove(segment: Segment, { shard, disk }: { shard: number; disk: Disk }): Promise<void> {
    segment.condition.removeSurplus({ shard, disk });
    if (disk.readable) await removeCopy({ disk, path: shardPath(disk, segment, shard) }, this.#context);
  }

  /**
   * Takes up how long shard files are: a write that failed may have left anything, and somebody may have cut one. That says
   * nothing of how long they should be.
   */
  async #noteLengths(segment: Segment, copies: readonly DiskCopy[]): Promise<void> {
    const { version } = segment.condition;
    const seen = await Promise.all(copies.map(lengthOf));
    // What was seen may be a file that has been replaced meanwhile.
    if (segment.condition.version !== version) return;
    for (const [i, copy] of copies.entries()) {
      const lengthBytes = seen[i];
      if (lengthBytes === undefined || !isHeld(segment, copy)) continue;
      segment.lengths[copy.shard] = lengthBytes === 0 ? undefined : lengthBytes;
    }
  }

  #report(segment: Segment, { shard, disk }: DiskCopy, damage: string): void {
    if (!segment.condition.report(shard, damage)) return;
    this.#context.log.warn({ segment: segment.id, shard, disk: disk.path, damage }, 'A shard file is damaged');
  }

  #sealed(id: string): Segment | undefined {
    const segment = this.#context.table.get(id);
    return segment?.sealed ? segment : undefined;
  }
}
