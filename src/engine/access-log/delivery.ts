/**
 * Log objects: their keys, and how they are made of batches of lines. They are written as any object is, under the checks of
 * who may write them, and are no requests: they make no lines themselves, so that no log feeds itself.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html#server-access-logging-overview
 */
import assert from 'node:assert/strict';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { randomHex } from '../../lib/ids.ts';
import type { StoredLogBatch } from '../../meta/records.ts';
import type { Index } from '../../meta/types.ts';
import { defaultChecksumAlgorithm } from '../checksums.ts';
import { serviceCause } from '../events/service-cause.ts';
import type { Buckets, Objects } from '../types.ts';
import { readLogging } from './configuration.ts';
import { decodeSource, type LogSource } from './source.ts';
import type { DeliverOptions } from './types.ts';

const decompress = promisify(zstdDecompress);

export interface DeliveryParts {
  readonly index: Pick<Index, 'getBucket'>;
  readonly buckets: Buckets;
  readonly objects: Pick<Objects, 'put'>;
}

/** Writes the lines of batches of one bucket and day as an object; returns the bucket's name. Throws DeliveryRefused. */
export async function deliverBatches(
  parts: DeliveryParts,
  batches: readonly StoredLogBatch[],
  options: DeliverOptions,
): Promise<string> {
  const newest = batches.at(-1);
  assert(newest !== undefined, 'there are lines to deliver');
  const source = await currentSource(parts, decodeSource(newest.source));
  const { bucket, configuration } = source;
  const accountId = options.accountOf(bucket.owner) ?? '';
  const key = logKey(source, { accountId, day: newest.day, nowMs: options.nowMs, unique: randomHex(8).toUpperCase() });
  const place = await options.place({ source: bucket, configuration, key });
  await parts.objects.put({
    bucket: place.bucket,
    key,
    source: {
      stream: textOf(batches),
      length: batches.reduce((sum, { size }) => sum + size, 0),
      algorithms: new Set(),
      checksumAlgorithm: defaultChecksumAlgorithm,
      verify: () => {},
    },
    attributes: {
      ...place.standing,
      storageClass: 'STANDARD',
      headers: { contentType: 'text/plain' },
      metadata: {},
      tags: [],
    },
    cause: serviceCause(),
  });
  return bucket.name;
}

/** By the configuration of today, where the bucket has one: its owner may have mended what refused the log. */
async function currentSource({ index, buckets }: DeliveryParts, kept: LogSource): Promise<LogSource> {
  const bucket = await index.getBucket(kept.bucket.name);
  if (bucket?.id !== kept.bucket.id) return kept;
  const configuration = await readLogging(buckets, bucket);
  return configuration === 'none' ? kept : { bucket, configuration };
}

async function* textOf(batches: readonly StoredLogBatch[]): AsyncGenerator<Uint8Array> {
  for (const { text } of batches) yield await decompress(text);
}

export interface KeyFacts {
  readonly accountId: string;
  /** On which the requests came, in days since 1970. */
  readonly day: number;
  readonly nowMs: number;
  readonly unique: string;
}

/** Key of a log object. */
export function logKey({ bucket, configuration }: LogSource, { accountId, day, nowMs, unique }: KeyFacts): string {
  const { prefix, keys = 'simple' } = configuration;
  const at = new Date(keys === 'by event time' ? day * 86_400_000 : nowMs).toISOString();
  const [, date = '', time = ''] = /^(\d+-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(at) ?? [];
  const name = `${date}-${time.replaceAll(':', '-')}-${unique}`;
  if (keys === 'simple') return `${prefix}${name}`;
  return `${prefix}${accountId}/${bucket.region}/${bucket.name}/${date.replaceAll('-', '/')}/${name}`;
}
