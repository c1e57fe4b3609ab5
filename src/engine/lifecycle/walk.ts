/**
 * One walk over a bucket that does what is due: uploads first, then versions, key by key from the newest of each to the
 * oldest. It owns its place, and goes on only when a page is done, so that a page which fails is done again. What it decides
 * on may have changed when the index applies it: each command says what was seen, and is rejected if that is no longer so.
 *
 * It looks at the keys of each prefix that rules name, and at nothing else.
 */
import { newHostId, newRequestId } from '../../lib/ids.ts';
import type { SeenVersion } from '../../meta/commands.ts';
import type { Bucket, EventCause } from '../../meta/records.ts';
import type { VersionGlance } from '../../meta/types.ts';
import type { EngineContext } from '../context.ts';
import { deleteObject } from '../deletes.ts';
import { isRejection } from '../refusals.ts';
import { abortOf, type Due, expiryOf, markerExpiryOf, noncurrentExpiryOf, possiblyDue } from './due.ts';
import { type LifecycleRule, readLifecycle } from './rules.ts';
import type { LifecycleFigures, WalkPlace } from './types.ts';

/** How many changes wait for one commit. */
const changesAtOnce = 128;

/** Where a version stands among those of its key. */
interface Standing {
  readonly key: string;
  /** Ordinal of the current version. */
  readonly current: number;
  /** How many are newer. */
  readonly newer: number;
  /** When the next newer one was made. */
  readonly successorMs: number;
  readonly lastModifiedMs: number;
}

type Change = { readonly figure: keyof LifecycleFigures; readonly run: () => Promise<unknown> };

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
    return { prefix: this.#donePrefix, key: this.#from?.key };
  }

  /** Looks at so many versions or uploads, and does what was due at a time; returns whether the walk is at its end. */
  async step({ nowMs, limit }: { nowMs: number; limit: number }, figures: LifecycleFigures): Promise<boolean> {
    const { index } = this.#context;
    const bucket = await index.getBucket(this.#bucketName);
    if (bucket === undefined) return true;
    const getConfig = (_: Bucket, kind: string) => index.getBucketConfig(bucket.id, kind);
    const { rules } = await readLifecycle({ getConfig }, bucket);
    const inForce = rules.filter(({ isEnabled }) => isEnabled);
    const part = { bucket, rules: inForce, nowMs, limit };
    if (this.#hasUploads) {
      await this.#stepUploads(part, figures);
      return false;
    }
    return this.#stepVersions(part, figures);
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
        return { figure: 'uploadsAborted', run: () => index.submit({ type: 'abort-upload', ...named }) };
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
    for (const [i, glance] of decided.entries()) {
      standing = standingOf(glance, standing);
      const change = this.#changeOf(part, standing, { glance, isAlone: page[i + 1]?.key !== glance.key });
      if (change !== undefined) changes.push(change);
    }
    await this.#change(changes, figures);
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
    { bucket, rules, nowMs }: Part,
    { current, newer, successorMs }: Standing,
    { glance, isAlone }: { glance: VersionGlance; isAlone: boolean },
  ): Change | undefined {
    const { key, ordinal, versionId, isDeleteMarker } = glance;
    const remove = (seen: SeenVersion, figure: keyof LifecycleFigures, named?: string): Change => ({
      figure,
      run: () =>
        deleteObject(this.#context, {
          bucket,
          key,
          owner: bucket.owner,
          seen,
          cause: lifecycleCause(),
          ...(named !== undefined && { versionId: named }),
        }),
    });
    if (ordinal !== current) {
      const version = { ...glance, sinceMs: successorMs, newerVersions: newer - 1 };
      const due = noncurrentExpiryOf(rules, version, this.#dayLengthMs);
      if (!isDue(due, nowMs)) return undefined;
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
      return isDue(due, nowMs) ? remove(seenBy(due, ordinal), 'expired') : undefined;
    }
    if (!isAlone) return undefined;
    const due = markerExpiryOf(rules, glance, this.#dayLengthMs);
    return isDue(due, nowMs) ? remove({ ordinal, isAlone: true }, 'markersRemoved', versionId) : undefined;
  }

  async #change(changes: readonly Change[], figures: LifecycleFigures): Promise<void> {
    for (let from = 0; from < changes.length; from += changesAtOnce) {
      const outcomes = await Promise.allSettled(
        changes.slice(from, from + changesAtOnce).map((change) => attempt(change, figures)),
      );
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
  }
}

interface Part {
  readonly bucket: Bucket;
  /** In force. */
  readonly rules: readonly LifecycleRule[];
  readonly nowMs: number;
  readonly limit: number;
}

async function attempt({ figure, run }: Change, figures: LifecycleFigures): Promise<void> {
  try {
    await run();
    figures[figure] += 1;
  } catch (error) {
    const isChanged = (['VersionChanged', 'NoSuchUpload', 'NoSuchBucket'] as const).some((code) =>
      isRejection(error, code),
    );
    if (!isChanged) throw error;
    figures.leftAlone += 1;
  }
}

/** As AWS names who expires objects. */
function lifecycleCause(): EventCause {
  const requester = 's3.amazonaws.com';
  return { requestId: newRequestId(), hostId: newHostId(), requester, sourceAddress: requester };
}

function isDue(due: Due | undefined, nowMs: number): due is Due {
  return due !== undefined && due.atMs <= nowMs;
}

function seenBy({ rule }: Due, ordinal: number): SeenVersion {
  return { ordinal, ...(rule.filter.tags.length > 0 && { tags: rule.filter.tags }) };
}

/** `last` is that of the version before it in the walk. */
function standingOf({ key, ordinal, lastModifiedMs }: VersionGlance, last: Standing | undefined): Standing {
  if (last?.key !== key) return { key, current: ordinal, newer: 0, successorMs: 0, lastModifiedMs };
  return { ...last, newer: last.newer + 1, successorMs: last.lastModifiedMs, lastModifiedMs };
}

/** Prefixes of the rules that look at versions, in order, without those that begin with another one. */
function prefixesOf(rules: readonly LifecycleRule[]): readonly string[] {
  const wanting = rules.filter(({ expiration, noncurrentExpiration }) => expiration ?? noncurrentExpiration);
  const prefixes: string[] = [];
  for (const prefix of wanting.map(({ filter }) => filter.prefix ?? '').toSorted()) {
    const last = prefixes.at(-1);
    if (last === undefined || !prefix.startsWith(last)) prefixes.push(prefix);
  }
  return prefixes;
}
