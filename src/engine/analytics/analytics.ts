/**
 * Storage class analysis: once a day what is stored of each configuration is summed up by class and age, together with what
 * was uploaded and downloaded since the day before. The days are kept with the bucket, and written as a file where the
 * configuration says so.
 */
import type { Bucket } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import { deliver } from '../inventory/deliver.ts';
import { DeliveryRefused } from '../inventory/types.ts';
import type { BucketWalk } from '../lifecycle/types.ts';
import { isMeant } from '../object-filter.ts';
import { refusing } from '../refusals.ts';
import type { Buckets, Objects } from '../types.ts';
import { Accesses } from './accesses.ts';
import { ageGroupOf, analysedBytesMin } from './age-groups.ts';
import { type AnalyticsConfiguration, analyticsConfigurations } from './configurations.ts';
import { addCells, type Cells, cellOf, decodeDays, encodeDays, withDay } from './days.ts';
import { analysisFile } from './export.ts';
import type { Analytics, AnalyticsFigures, AnalyticsWalkOptions } from './types.ts';

interface AnalyticsParts {
  readonly index: EngineContext['index'];
  readonly buckets: Pick<Buckets, 'getConfig' | 'setConfig'>;
  readonly objects: Pick<Objects, 'put'>;
  readonly accesses: Accesses;
  readonly dayLengthMs: number;
}

export function createAnalytics(
  { index }: Pick<EngineContext, 'index'>,
  { buckets, objects, dayLengthMs }: Omit<AnalyticsParts, 'index' | 'accesses'>,
): Analytics {
  const accesses = new Accesses({ dayLengthMs });
  const parts = { index, buckets, objects, accesses, dayLengthMs };
  return {
    accesses,
    nextBucket: (after) =>
      refusing({}, () => index.nextBucketWithConfig({ after, kind: analyticsConfigurations.kind })),
    walk: (bucketName, options) => new AnalyticsWalk(parts, bucketName, options),
    async forget(bucket, id) {
      accesses.take(bucket.id, id);
      await buckets.setConfig(bucket, daysKind(id), null);
    },
  };
}

/** Name of the document that keeps the days of a configuration. */
function daysKind(id: string): string {
  return `analytics-days/${id}`;
}

interface Analysis {
  readonly configuration: AnalyticsConfiguration;
  readonly cells: Cells;
}

class AnalyticsWalk implements BucketWalk<AnalyticsFigures> {
  /** A walk that was stopped begins anew: a day is written down when all of it was seen. */
  readonly place = {};
  readonly #parts: AnalyticsParts;
  readonly #bucketName: string;
  readonly #options: AnalyticsWalkOptions;
  /** Those that are not written down yet. */
  #analyses: Analysis[] | undefined;
  #last: { readonly key: string; readonly below: number } | undefined;
  #isSeen = false;

  constructor(parts: AnalyticsParts, bucketName: string, options: AnalyticsWalkOptions) {
    this.#parts = parts;
    this.#bucketName = bucketName;
    this.#options = options;
  }

  async step(query: { readonly nowMs: number; readonly limit: number }, figures: AnalyticsFigures): Promise<boolean> {
    const bucket = await this.#parts.index.getBucket(this.#bucketName);
    if (bucket === undefined) return true;
    this.#analyses ??= (await analyticsConfigurations.read(this.#parts.buckets, bucket)).map((configuration) => {
      return { configuration, cells: {} };
    });
    if (!this.#isSeen) {
      await this.#look(bucket, query, figures);
      return false;
    }
    const [next] = this.#analyses;
    if (next !== undefined) await this.#writeDown(bucket, next, { atMs: query.nowMs, figures });
    this.#analyses.shift();
    return this.#analyses.length === 0;
  }

  async #look(
    { id: bucketId }: Bucket,
    { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
    figures: AnalyticsFigures,
  ): Promise<void> {
    const { index, dayLengthMs } = this.#parts;
    const page = await index.glanceAtVersions({ bucketId, prefix: '', from: this.#last, limit });
    for (const { key, size, isDeleteMarker, lastModifiedMs, storageClass, tags } of page) {
      if (isDeleteMarker || size < analysedBytesMin) continue;
      const group = ageGroupOf((nowMs - lastModifiedMs) / dayLengthMs);
      for (const { configuration, cells } of this.#analyses ?? []) {
        if (!isMeant(configuration.filter, { key, tags })) continue;
        const cell = cellOf(cells, { storageClass, group });
        cell.objects++;
        cell.storedBytes += size;
      }
    }
    figures.lookedAt += page.length;
    const last = page.at(-1);
    if (last === undefined) this.#isSeen = true;
    else this.#last = { key: last.key, below: last.ordinal };
  }

  async #writeDown(
    bucket: Bucket,
    { configuration, cells }: Analysis,
    { atMs, figures }: { atMs: number; figures: AnalyticsFigures },
  ): Promise<void> {
    const { buckets, accesses } = this.#parts;
    const { id, destination } = configuration;
    addCells(cells, accesses.take(bucket.id, id));
    const days = withDay(decodeDays(await buckets.getConfig(bucket, daysKind(id))), { atMs, cells });
    await buckets.setConfig(bucket, daysKind(id), encodeDays(days));
    figures.analysed++;
    if (destination === undefined) return;
    try {
      await this.#export(bucket, { ...configuration, destination }, analysisFile(configuration, days));
      figures.filesWritten++;
    } catch (error) {
      if (!(error instanceof DeliveryRefused)) throw error;
      figures.filesRefused++;
      this.#options.refused({ bucket: bucket.name, id, reason: error.message });
    }
  }

  async #export(
    source: Bucket,
    { id, destination: { bucket, account, prefix = '' } }: Required<AnalyticsConfiguration> & Destined,
    file: string,
  ): Promise<void> {
    const destination = await this.#parts.index.getBucket(bucket);
    if (destination === undefined) throw new DeliveryRefused(`There is no bucket ${bucket}`);
    const key = `${prefix.replace(/(?<=[^/])$/, '/')}${source.name}/${id}.csv`;
    const { check } = this.#options;
    await deliver(this.#parts.objects, { source, destination, key, account }, { chunks: [Buffer.from(file)], check });
  }
}

interface Destined {
  readonly destination: NonNullable<AnalyticsConfiguration['destination']>;
}
