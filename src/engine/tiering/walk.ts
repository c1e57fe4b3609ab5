/**
 * One walk over a bucket that moves versions to the archive tiers that are due, key by key, and each from the newest of its
 * versions to the oldest. It goes on only when a page is done, so that a page which fails is done again. What it decides on may
 * have changed when the index applies it: each command says what was seen, and is rejected if that is no longer so.
 */
import type { Bucket } from '../../meta/records.ts';
import type { SetVersionTiering } from '../../meta/tiering-commands.ts';
import type { VersionGlance } from '../../meta/types.ts';
import type { EngineContext } from '../context.ts';
import { type Noticing, noticing } from '../events/notices.ts';
import { serviceCause } from '../events/service-cause.ts';
import { outermost } from '../lifecycle/prefixes.ts';
import type { BucketWalk, WalkPlace } from '../lifecycle/types.ts';
import { isRejection } from '../refusals.ts';
import { type TieringConfiguration, tieringConfigurations } from './configurations.ts';
import { archiveDue, possiblyDueBefore } from './due.ts';
import { tieringClass } from './tiers.ts';
import type { TieringFigures } from './types.ts';

/** How many changes wait for one commit. */
const changesAtOnce = 128;

interface WalkOptions {
  readonly dayLengthMs: number;
  readonly place: WalkPlace;
  /** Whether a version has been read, and that is not written down yet. */
  readonly wasRead: (version: { readonly bucketId: number; readonly ordinal: number }) => boolean;
}

export class TieringWalk implements BucketWalk<TieringFigures> {
  readonly #context: EngineContext;
  readonly #bucketName: string;
  readonly #options: WalkOptions;
  /** The last prefix that is done, in the order of strings. */
  #donePrefix: string | undefined;
  /** What comes next: a key, or of a key the versions below an ordinal. */
  #from: { readonly key: string; readonly below?: number } | undefined;

  constructor(context: EngineContext, bucketName: string, options: WalkOptions) {
    this.#context = context;
    this.#bucketName = bucketName;
    this.#options = options;
    const { prefix, key } = options.place;
    this.#donePrefix = prefix;
    this.#from = key === undefined ? undefined : { key };
  }

  get place(): WalkPlace {
    return { prefix: this.#donePrefix, key: this.#from?.key };
  }

  async step({ nowMs, limit }: { nowMs: number; limit: number }, figures: TieringFigures): Promise<boolean> {
    const { index } = this.#context;
    const bucket = await index.getBucket(this.#bucketName);
    if (bucket === undefined) return true;
    const getConfig = (_: Bucket, kind: string) => index.getBucketConfig(bucket.id, kind);
    const configurations = (await tieringConfigurations.read({ getConfig }, bucket)).filter(
      ({ isEnabled }) => isEnabled,
    );
    const prefixes = outermost(configurations.map(({ filter }) => filter.prefix ?? ''));
    const prefix = prefixes.find((one) => this.#donePrefix === undefined || one > this.#donePrefix);
    if (prefix === undefined) return true;
    const from = this.#from?.key.startsWith(prefix) === true ? this.#from : undefined;
    const stretch = { bucketId: bucket.id, prefix, limit };
    if (from?.below === undefined) {
      const noise = {
        madeBeforeMs: possiblyDueBefore(configurations, { nowMs, dayLengthMs: this.#options.dayLengthMs }),
        markers: false,
        storageClass: tieringClass,
      };
      const quiet = await index.findQuiet({ ...stretch, from: from?.key, ...noise });
      if (quiet !== undefined) {
        figures.lookedAt += quiet.versions;
        this.#goOn(prefix, quiet.until === undefined ? undefined : { key: quiet.until });
        return false;
      }
    }
    const page = await index.glanceAtVersions({ ...stretch, from });
    await this.#archive({ bucket, configurations, nowMs }, page, figures);
    figures.lookedAt += page.length;
    const last = page.length < limit ? undefined : page.at(-1);
    this.#goOn(prefix, last && { key: last.key, below: last.ordinal });
    return false;
  }

  /** `from` is undefined where the prefix is done. */
  #goOn(prefix: string, from: { readonly key: string; readonly below?: number } | undefined): void {
    if (from === undefined) this.#donePrefix = prefix;
    this.#from = from;
  }

  async #archive(
    { bucket, configurations, nowMs }: Part,
    page: readonly VersionGlance[],
    figures: TieringFigures,
  ): Promise<void> {
    const noticeOf = await noticing(this.#context, bucket, serviceCause());
    const commands = page.flatMap((glance) => {
      if (glance.storageClass !== tieringClass || glance.isDeleteMarker) return [];
      if (this.#options.wasRead({ bucketId: bucket.id, ordinal: glance.ordinal })) return [];
      const due = archiveDue(configurations, glance, { nowMs, dayLengthMs: this.#options.dayLengthMs });
      return due === undefined ? [] : [commandOf(bucket, glance, { due, noticeOf })];
    });
    for (let from = 0; from < commands.length; from += changesAtOnce) {
      const batch = commands.slice(from, from + changesAtOnce);
      const outcomes = await Promise.allSettled(batch.map((command) => this.#submit(command, figures)));
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
  }

  async #submit(command: SetVersionTiering & { readonly seen: { readonly ordinal: number } }, figures: TieringFigures) {
    try {
      // It may have been read since the batch before was submitted.
      if (this.#options.wasRead({ bucketId: command.bucketId, ordinal: command.seen.ordinal })) {
        figures.leftAlone += 1;
        return;
      }
      await this.#context.index.submit(command);
      figures.archived += 1;
    } catch (error) {
      if (!hasChanged(error)) throw error;
      figures.leftAlone += 1;
    }
  }
}

interface Part {
  readonly bucket: Bucket;
  /** In force. */
  readonly configurations: readonly TieringConfiguration[];
  readonly nowMs: number;
}

function commandOf(
  bucket: Bucket,
  { key, versionId, ordinal, tiering }: VersionGlance,
  { due, noticeOf }: { due: NonNullable<ReturnType<typeof archiveDue>>; noticeOf: Noticing },
) {
  const { tier, tags } = due;
  // A restore that is over counts as an access, and is forgotten.
  const { archive, accessedMs = 0 } = tiering ?? {};
  const knownMs = Math.max(accessedMs, archive?.restore?.readyMs ?? 0);
  return {
    ...({ type: 'set-version-tiering', bucketId: bucket.id, key, versionId } as const),
    tiering: { ...(knownMs > 0 && { accessedMs: knownMs }), archive: { tier } },
    ...(tiering !== undefined && { before: tiering }),
    seen: { ordinal, ...(tags.length > 0 && { tags }) },
    ...noticeOf('IntelligentTiering', key, { accessTier: tier }),
  };
}

/** Whether what was due is not so any more. */
function hasChanged(error: unknown): boolean {
  return (['VersionChanged', 'NoSuchVersion', 'NoSuchBucket'] as const).some((code) => isRejection(error, code));
}
