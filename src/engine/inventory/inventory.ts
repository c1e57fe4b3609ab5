import type { Bucket } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import { EngineError } from '../errors.ts';
import { readLifecycle } from '../lifecycle/rules.ts';
import { refusing } from '../refusals.ts';
import type { Buckets, Objects } from '../types.ts';
import type { InventoryConfiguration } from './configuration.ts';
import { inventoryConfigurations } from './configurations.ts';
import { putManifest } from './manifest.ts';
import { Report } from './report.ts';
import { DeliveryRefused, type Inventory, type ReportFile, type ReportOptions } from './types.ts';

export interface InventoryParts {
  readonly buckets: Buckets;
  readonly objects: Objects;
  readonly dayLengthMs: number;
}

/** Inventory reports, for the job that has them written. */
export function createInventory(context: EngineContext, parts: InventoryParts): Inventory {
  const { index } = context;
  const { buckets, objects } = parts;
  return {
    nextBucket: (after) =>
      refusing({}, () => index.nextBucketWithConfig({ after, kind: inventoryConfigurations.kind })),
    async configurations(bucketName) {
      const bucket = await refusing({ bucket: bucketName }, () => index.getBucket(bucketName));
      return bucket === undefined ? [] : inventoryConfigurations.read(buckets, bucket);
    },
    async open(bucketName, configuration, options) {
      const source = await refusing({ bucket: bucketName }, () => index.getBucket(bucketName));
      return source && openReport(context, parts, { source, configuration, options });
    },
    async finish(bucketName, configuration, options) {
      const source = await refusing({ bucket: bucketName }, () => index.getBucket(bucketName));
      if (source === undefined) return;
      const destination = await destinationOf(index, configuration);
      await putManifest({ objects, source, destination, configuration }, options);
    },
    remove: (file) => removeFile(objects, buckets, file),
  };
}

async function openReport(
  { index }: EngineContext,
  { buckets, objects, dayLengthMs }: InventoryParts,
  asked: { source: Bucket; configuration: InventoryConfiguration; options: ReportOptions },
): Promise<Report> {
  const { source, configuration, options } = asked;
  const destination = await destinationOf(index, configuration);
  const { rules } = await readLifecycle(buckets, source);
  const instant = await index.openInstant();
  const report = new Report({ objects, instant, source, destination, configuration, rules, dayLengthMs }, options);
  try {
    await report.checkDestination();
    return report;
  } catch (error) {
    report.close();
    throw error;
  }
}

/** Throws DeliveryRefused. */
async function destinationOf(
  index: EngineContext['index'],
  { destination: { bucket: name } }: InventoryConfiguration,
): Promise<Bucket> {
  const bucket = await index.getBucket(name);
  if (bucket === undefined) throw new DeliveryRefused(`There is no bucket ${name}`);
  return bucket;
}

/** Its key is no other's, so whatever version is there is the file. */
async function removeFile(objects: Objects, buckets: Buckets, file: ReportFile): Promise<void> {
  try {
    const bucket = await buckets.get(file.bucket);
    const { key } = file;
    const { versionId } = await objects.find(bucket, key);
    await objects.delete({ bucket, key, versionId, owner: bucket.owner });
  } catch (error) {
    const isGone = error instanceof EngineError && ['NoSuchBucket', 'NoSuchKey', 'NoSuchVersion'].includes(error.code);
    if (!isGone) throw error;
  }
}
