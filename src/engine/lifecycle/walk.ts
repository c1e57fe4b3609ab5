/**
 * One walk over a bucket that does what is due: uploads first, then versions, key by key from the newest of each to the
 * oldest. It owns its place, and goes on only when a page is done, so that a page which fails is done again. What it decides
 * on may have changed when the index applies it: each command says what was seen, and is rejected if that is no longer so.
 *
 * It looks at the keys of each prefix that rules name, and at nothing else.
 */
import type { SeenVersion } from '../../meta/commands.ts';
import { allowsRemoval } from '../../meta/object-lock.ts';
import type { Bucket } from '../../meta/records.ts';
import type { VersionGlance } from '../../meta/types.ts';
import { noteChange, removalLine, type ServiceChange, transitionLine } from '../access-log/service-lines.ts';
import type { EngineContext } from '../context.ts';
import { deleteObject } from '../deletes.ts';
import { serviceCause } from '../events/service-cause.ts';
import { isOfDisks, isRejection } from '../refusals.ts';
import {
  abortOf,
  type Due,
  type DueTransition,
  expiryOf,
  markerExpiryOf,
  noncurrentExpiryOf,
  noncurrentSince,
  noncurrentTransitionOf,
  possiblyDue,
  transitionOf,
} from './due.ts';
import { outermost } from './prefixes.ts';
import { type LifecycleRule, type MinimumSize, readLifecycle } from './rules.ts';
import { LargeTransition, type TransitionRequest, transition } from './transition.ts';
import type { LifecycleFigures, WalkPlace } from './types.ts';

/** How many changes wait for one commit. */
const changesAtOnce = 128;
/** Bytes that a step moves, of a version that is too large to be moved in one. */
const stepBytes = 4 * 1024 * 1024;

/** Where a version stands among those of its key. */
interface Standing {
  readonly key: string;
  /** Ordinal of the current version. */
  readonly current: number;
  /** How many are newer. */
  readonly newer: number;
  /** The next newer one; that itself for the current one. */
  readonly successor: Pick<VersionGlance, 'ordinal' | 'lastModifiedMs'>;
  readonly last: Pick<VersionGlance, 'ordinal' | 'lastModifiedMs'>;
}

interface Change {
  readonly figure: keyof LifecycleFigures;
  readonly run: (figures: LifecycleFigures) => Promise<unknown>;
  /** For the access log of the bucket. */
  readonly line: ServiceChange;
  /** A move that is not done in one step. */
  readonly large?: TransitionRequest | undefined;
}

export class Walk {
  readonly #context: EngineContext;
  readonly #bucketName: string;
  readonly #dayLengthMs: number;
  #hasUploads = true;
  #afterUpload = { key: '', uploadId: '' };
  /** The last prefix that is done, in the order of strings. */
  #donePrefix: string | undefined;
  /** What comes next: a key, or of a key the versions below an ordinal. */
  #from: { readonly key: string; readonly below?: number } | undefined;
  /** Of the version that was looked at last. */
  #last: Standing | undefined;
  /** Moves of versions that are too large for one step, of the page that was looked at last; the first is under way. */
  #large: TransitionRequest[] = [];
  #underWay: LargeTransition | undefined;
  /** Where it was before that page: what is not moved yet is looked at again after a restart. */
  #placeBefore: WalkPlace = {};

  constructor(
    context: EngineContext,
    bucketName: string,
    { dayLengthMs, place }: { dayLengthMs: number; place: WalkPlace },
  ) {
    this.#context = context;
    this.#bucketName = bucketName;
    this.#dayLengthMs = dayLengthMs;
    this.#donePrefix = place.prefix;
    this.#from = place.key === undefined ? undefined : { key: place.key };
  }

  get place(): WalkPlace {
    return this.#large.length > 0 ? this.#placeBefore : this.#placeAfter;
  }

  get #placeAfter(): WalkPlace {
    return { prefix: this.#donePrefix, key: this.#from?.key };
  }

  /** Looks at so many versions or uploads, and does what was due at a time; returns whether the walk is at its end. */
  async step({ nowMs, limit }: { nowMs: number; limit: number }, figures: LifecycleFigures): Promise<boolean> {
    const { index } = this.#context;
    const bucket = await index.getBucket(this.#bucketName);
    if (bucket === undefined) return true;
    const getConfig = (_: Bucket, kind: string) => index.getBucketConfig(bucket.id, kind);
    const { rules, transitionMinimumSize } = await readLifecycle({ getConfig }, bucket);
    const inForce = rules.filter(({ isEnabled }) => isEnabled);
    const part = { bucket, rules: inForce, minimumSize: transitionMinimumSize, nowMs, limit };
    if (this.#large.length > 0) {
      await this.#stepLarge(figures);
      return false;
    }
    if (this.#hasUploads) {
      await this.#stepUploads(part, figures);
      return false;
    }
    return this.#stepVersions(part, figures);
  }

  /** Goes on with the move that is under way, or begins the next one. */
  async #stepLarge(figures: LifecycleFigures): Promise<void> {
    const [request] = this.#large;
    if (request === undefined) return;
    this.#underWay ??= new LargeTransition(this.#context, request);
    try {
      const { bytes, outcome } = await this.#underWay.advance(stepBytes);
      figures.bytesMoved += bytes;
      if (outcome === 'under way') return;
      figures.transitioned += 1;
      noteChange(this.#context, transitionLine(request));
    } catch (error) {
      this.#underWay = undefined;
      figures[figureOf(error, 'transitioned')] += 1;
    }
    this.#underWay = undefined;
    this.#large.shift();
  }

  async abort(): Promise<void> {
    await this.#underWay?.abort();
    this.#underWay = undefined;
  }

  async #stepUploads({ bucket, rules, nowMs, limit }: Part, figures: LifecycleFigures): Promise<void> {
    const aborting = rules.filter(({ abortUploadsDays }) => abortUploadsDays !== undefined);
    if (aborting.length === 0) {
      this.#hasUploads = false;
      return;
    }
    const { index } = this.#context;
    const { key, uploadId } = this.#afterUpload;
    const query = { bucketId: bucket.id, prefix: '', delimiter: '', after: key, afterUploadId: uploadId, limit };
    const { entries, isTruncated } = await index.listUploads(query);
    const uploads = entries.flatMap((entry) => (entry.kind === 'upload' ? [entry.upload] : []));
    const due = uploads.filter((upload) => isDue(abortOf(aborting, upload, this.#dayLengthMs), nowMs));
    await this.#change(
      due.map((upload): Change => {
        const named = { bucketId: bucket.id, key: upload.key, uploadId: upload.uploadId };
        const line = { bucket, operation: 'S3.DELETE.UPLOAD', key: upload.key };
        return { figure: 'uploadsAborted', line, run: () => index.submit({ type: 'abort-upload', ...named }) };
      }),
      figures,
    );
    figures.lookedAt += uploads.length;
    const last = uploads.at(-1);
    if (last !== undefined) this.#afterUpload = { key: last.key, uploadId: last.uploadId };
    this.#hasUploads = isTruncated;
  }

  async #stepVersions(part: Part, figures: LifecycleFigures): Promise<boolean> {
    const prefix = prefixesOf(part.rules).find((one) => this.#donePrefix === undefined || one > this.#donePrefix);
    if (prefix === undefined) return true;
    const from = this.#from?.key.startsWith(prefix) === true ? this.#from : undefined;
    if (from?.below === undefined && (await this.#skipQuiet(part, { prefix, from: from?.key }, figures))) return false;
    const query = { bucketId: part.bucket.id, prefix, from, limit: part.limit };
    const page = await this.#context.index.glanceAtVersions(query);
    // Whether a marker is alone shows in the row behind it.
    const next = page.length < part.limit ? undefined : page.at(-1);
    const decided = next === undefined ? page : page.slice(0, -1);
    // Rules may have changed since the last step: what was looked at last counts only where its key goes on.
    let standing = from?.below === undefined ? undefined : this.#last;
    const changes: Change[] = [];
    const large: TransitionRequest[] = [];
    for (const [i, glance] of decided.entries()) {
      standing = standingOf(glance, standing);
      const change = this.#changeOf(part, standing, { glance, isAlone: page[i + 1]?.key !== glance.key });
      if (change?.large !== undefined) large.push(change.large);
      else if (change !== undefined) changes.push(change);
    }
    await this.#change(changes, figures);
    this.#placeBefore = this.#placeAfter;
    this.#large = large;
    figures.lookedAt += decided.length;
    this.#last = standing;
    if (next === undefined) this.#finish(prefix);
    else this.#from = next.key === standing?.key ? { key: next.key, below: next.ordinal + 1 } : { key: next.key };
    return false;
  }

  /** Goes over keys of which nothing can be due without a look at each of their versions; returns whether there were any. */
  async #skipQuiet(
    { bucket, rules, nowMs, limit }: Part,
    { prefix, from }: { prefix: string; from: string | undefined },
    figures: LifecycleFigures,
  ): Promise<boolean> {
    const noise = possiblyDue(rules, { nowMs, dayLengthMs: this.#dayLengthMs });
    const quiet = await this.#context.index.findQuiet({ bucketId: bucket.id, prefix, from, limit, ...noise });
    if (quiet === undefined) return false;
    figures.lookedAt += quiet.versions;
    if (quiet.until === undefined) this.#finish(prefix);
    else this.#from = { key: quiet.until };
    return true;
  }

  #finish(prefix: string): void {
    this.#donePrefix = prefix;
    [this.#last, this.#from] = [undefined, undefined];
  }

  #changeOf(
    { bucket, rules, minimumSize, nowMs }: Part,
    { current, newer, successor }: Standing,
    { glance, isAlone }: { glance: VersionGlance; isAlone: boolean },
  ): Change | undefined {
    const { key, ordinal, versionId, isDeleteMarker, size } = glance;
    const remove = (seen: SeenVersion, figure: keyof LifecycleFigures, named?: string): Change => ({
      figure,
      line: removalLine(bucket, { key, size, versionId: named }),
      run: () =>
        deleteObject(this.#context, {
          bucket,
          key,
          owner: bucket.owner,
          seen,
          cause: serviceCause(),
          ...(named !== undefined && { versionId: named }),
        }),
    });
    const query = { nowMs, minimumSize, dayLengthMs: this.#dayLengthMs };
    if (ordinal !== current) {
      const version = {
        ...glance,
        sinceMs: noncurrentSince(successor, this.#context.clock.nowMs()),
        newerVersions: newer - 1,
      };
      const due = noncurrentExpiryOf(rules, version, this.#dayLengthMs);
      // Retention is in time as it is, however long the days of rules are.
      const isLocked = !allowsRemoval(glance.lock, { atMs: this.#context.clock.nowMs() });
      if (isLocked || !isDue(due, nowMs)) {
        if (isDeleteMarker) return undefined;
        return this.#transition(bucket, glance, { due: noncurrentTransitionOf(rules, version, query), below: current });
      }
      const newerNoncurrent = due.rule.noncurrentExpiration?.newerVersions;
      const seen = {
        ...seenBy(due, ordinal),
        below: current,
        ...(newerNoncurrent !== undefined && { newerNoncurrent }),
      };
      return remove(seen, 'noncurrentRemoved', versionId);
    }
    if (!isDeleteMarker) {
      const due = expiryOf(rules, glance, this.#dayLengthMs);
      const change = this.#transition(bucket, glance, { due: transitionOf(rules, glance, query) });
      // As S3 has it: to be gone for good comes before a move, and a move before a delete marker.
      const isMoveFirst = change !== undefined && bucket.versioning !== 'Unversioned';
      return isDue(due, nowMs) && !isMoveFirst ? remove(seenBy(due, ordinal), 'expired') : change;
    }
    if (!isAlone) return undefined;
    const due = markerExpiryOf(rules, glance, this.#dayLengthMs);
    return isDue(due, nowMs) ? remove({ ordinal, isAlone: true }, 'markersRemoved', versionId) : undefined;
  }

  /** The move of a version, if one is due. */
  #transition(
    bucket: Bucket,
    { key, versionId, ordinal, size, storageClass }: VersionGlance,
    { due, below }: { due: DueTransition | undefined; below?: number },
  ): Change | undefined {
    if (due === undefined) return undefined;
    const seen = {
      ...seenBy(due, ordinal),
      ...(below !== undefined && { below }),
      ...(due.newerVersions !== undefined && { newerNoncurrent: due.newerVersions }),
    };
    const named = { bucket, key, versionId, seen, cause: serviceCause() };
    const request = { ...named, from: storageClass, to: due.storageClass };
    return {
      figure: 'transitioned',
      line: transitionLine(request),
      large: size > stepBytes ? request : undefined,
      run: (figures) => this.#moveSmall(request, figures),
    };
  }

  async #moveSmall(request: TransitionRequest, figures: LifecycleFigures): Promise<void> {
    await transition(this.#context, request, async function* counted(source) {
      for await (const chunk of source()) {
        figures.bytesMoved += chunk.length;
        yield chunk;
      }
    });
  }

  async #change(changes: readonly Change[], figures: LifecycleFigures): Promise<void> {
    for (let from = 0; from < changes.length; from += changesAtOnce) {
      const outcomes = await Promise.allSettled(
        changes.slice(from, from + changesAtOnce).map((change) => this.#attempt(change, figures)),
      );
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
  }

  async #attempt({ figure, line, run }: Change, figures: LifecycleFigures): Promise<void> {
    try {
      await run(figures);
      figures[figure] += 1;
      noteChange(this.#context, line);
    } catch (error) {
      figures[figureOf(error, figure)] += 1;
    }
  }
}

interface Part {
  readonly bucket: Bucket;
  /** In force. */
  readonly rules: readonly LifecycleRule[];
  readonly minimumSize: MinimumSize;
  readonly nowMs: number;
  readonly limit: number;
}

/** What counts a change that was not made, so that the walk goes on. Throws what must hold it up. */
function figureOf(error: unknown, wanted: keyof LifecycleFigures): 'leftAlone' | 'notMoved' {
  const hasChanged = (['VersionChanged', 'ObjectLocked', 'NoSuchUpload', 'NoSuchBucket'] as const).some((code) =>
    isRejection(error, code),
  );
  if (hasChanged) return 'leftAlone';
  // What is to be removed behind it must not wait until the disks of another group have room.
  if (wanted === 'transitioned' && isOfDisks(error)) return 'notMoved';
  throw error;
}

function isDue(due: Due | undefined, nowMs: number): due is Due {
  return due !== undefined && due.atMs <= nowMs;
}

function seenBy({ rule }: Pick<Due, 'rule'>, ordinal: number): SeenVersion {
  return { ordinal, ...(rule.filter.tags.length > 0 && { tags: rule.filter.tags }) };
}

/** `before` is that of the version before it in the walk. */
function standingOf({ key, ordinal, lastModifiedMs }: VersionGlance, before: Standing | undefined): Standing {
  const last = { ordinal, lastModifiedMs };
  if (before?.key !== key) return { key, current: ordinal, newer: 0, successor: last, last };
  return { ...before, newer: before.newer + 1, successor: before.last, last };
}

/** Prefixes of the rules that look at versions, in order, without those that begin with another one. */
function prefixesOf(rules: readonly LifecycleRule[]): readonly string[] {
  const wanting = rules.filter(
    ({ expiration, noncurrentExpiration, transitions, noncurrentTransitions }) =>
      expiration ?? noncurrentExpiration ?? transitions ?? noncurrentTransitions,
  );
  return outermost(wanting.map(({ filter }) => filter.prefix ?? ''));
}
