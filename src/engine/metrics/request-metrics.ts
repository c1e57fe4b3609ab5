/** Figures of the requests that each metrics configuration counts. */
import type { Clock } from '../../lib/clock.ts';
import { isMeant } from '../object-filter.ts';
import type { Watch, Watches } from '../watches.ts';
import { type RequestSample, RequestSeries } from './request-figures.ts';

/** What a request was about, as filters ask for it. */
export interface RequestSubject {
  /** A request that lists has the prefix it asks for; one that names several objects counts once if one is meant. */
  readonly keys: readonly string[];
  /** None for requests that are not about one object. */
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

export interface FilterFigures {
  readonly bucket: string;
  /** Id of the configuration. */
  readonly filter: string;
  readonly series: RequestSeries;
}

export interface RequestMetrics {
  note(watch: Watch, subject: RequestSubject, sample: RequestSample): void;
  /** In order of bucket and filter; of configurations that counted something and are still there. */
  read(): readonly FilterFigures[];
}

export function createRequestMetrics(watches: Watches, clock: Clock): RequestMetrics {
  /** By bucket, and by the id of a configuration. */
  const counted = new Map<number, Map<string, RequestSeries>>();
  return {
    note({ bucket, metrics }, { keys, tags }, sample) {
      for (const { id, filter } of metrics) {
        if (!keys.some((key) => isMeant(filter, { key, tags }))) continue;
        const ofBucket = counted.get(bucket.id) ?? new Map<string, RequestSeries>();
        counted.set(bucket.id, ofBucket);
        const series = ofBucket.get(id) ?? new RequestSeries();
        ofBucket.set(id, series);
        series.note(sample, clock.nowMs());
      }
    },
    read() {
      // What nobody asks for any more is forgotten here, where time does not matter.
      const known = new Map([...watches.all()].map((watch) => [watch.bucket.id, watch]));
      for (const [bucketId, ofBucket] of counted) {
        const ids = new Set(known.get(bucketId)?.metrics.map(({ id }) => id));
        for (const id of ofBucket.keys()) if (!ids.has(id)) ofBucket.delete(id);
        if (ofBucket.size === 0) counted.delete(bucketId);
      }
      return [...known.values()]
        .toSorted((one, other) => (one.bucket.name < other.bucket.name ? -1 : 1))
        .flatMap(({ bucket, metrics }) =>
          metrics.flatMap(({ id }) => {
            const series = counted.get(bucket.id)?.get(id);
            return series === undefined ? [] : [{ bucket: bucket.name, filter: id, series }];
          }),
        );
    },
  };
}
