/** Uploads and downloads that analytics configurations count, in memory until they are part of a day. */

import type { Version } from '../../meta/records.ts';
import { isMeant } from '../object-filter.ts';
import { ageGroupOf, analysedBytesMin } from './age-groups.ts';
import type { AnalyticsConfiguration } from './configurations.ts';
import { addCells, type Cells, cellOf, type Pending } from './days.ts';

export interface Access {
  /** The version that was written or read. */
  readonly version: Pick<Version, 'bucketId' | 'key' | 'size' | 'lastModifiedMs' | 'attributes'>;
  readonly kind: 'upload' | 'download';
  /** Of the body. */
  readonly bytes: number;
  readonly nowMs: number;
}

export class Accesses {
  readonly #dayLengthMs: number;
  /** By id of the bucket, and by that of the configuration. */
  #pending: Pending = {};
  /** Whether there is something that nobody has saved. */
  hasNews = false;

  constructor({ dayLengthMs }: { dayLengthMs: number }) {
    this.#dayLengthMs = dayLengthMs;
  }

  note(configurations: readonly AnalyticsConfiguration[], { version, kind, bytes, nowMs }: Access): void {
    const { bucketId, key, size, lastModifiedMs, attributes } = version;
    if (size < analysedBytesMin) return;
    for (const { id, filter } of configurations) {
      if (!isMeant(filter, { key, tags: attributes.tags })) continue;
      const group = ageGroupOf((nowMs - lastModifiedMs) / this.#dayLengthMs);
      const cell = cellOf(this.#cells(bucketId, id), { storageClass: attributes.storageClass, group });
      if (kind === 'upload') cell.uploadedBytes += bytes;
      else {
        cell.retrievedBytes += bytes;
        cell.gets++;
      }
      this.hasNews = true;
    }
  }

  /** What there is of a configuration, which then has nothing. */
  take(bucketId: number, id: string): Cells {
    const cells = this.#pending[bucketId]?.[id] ?? {};
    delete this.#pending[bucketId]?.[id];
    if (Object.keys(cells).length > 0) this.hasNews = true;
    return cells;
  }

  /** All there is, to be saved. */
  get pending(): Pending {
    return this.#pending;
  }

  /** Adds what was saved before a restart. */
  restore(saved: Pending): void {
    for (const [bucketId, ofBucket] of Object.entries(saved)) {
      for (const [id, cells] of Object.entries(ofBucket)) addCells(this.#cells(Number(bucketId), id), cells);
    }
  }

  /** Forgets buckets that nothing is asked of any more. */
  keepOnly(isWatched: (bucketId: number) => boolean): void {
    this.#pending = Object.fromEntries(Object.entries(this.#pending).filter(([id]) => isWatched(Number(id))));
  }

  #cells(bucketId: number, id: string): Cells {
    const ofBucket = this.#pending[bucketId] ?? {};
    this.#pending[bucketId] = ofBucket;
    const cells = ofBucket[id] ?? {};
    ofBucket[id] = cells;
    return cells;
  }
}
