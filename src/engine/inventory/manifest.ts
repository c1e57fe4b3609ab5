/**
 * What is written of a report once its data files are there: the links for Hive, the manifest, and last its checksum. All of it
 * follows from what the caller is given, so it can be written once more by whoever does not know how far another one came.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
 */
import type { Bucket } from '../../meta/records.ts';
import type { Objects } from '../types.ts';
import type { InventoryConfiguration } from './configuration.ts';
import { deliver } from './deliver.ts';
import { fileFormats } from './file-formats.ts';
import { columnsOf } from './rows.ts';
import type { Delivery, DeliveryCheck, FinishOptions, WrittenFile } from './types.ts';

export interface ReportPlace {
  readonly source: Bucket;
  readonly destination: Bucket;
  readonly configuration: InventoryConfiguration;
}

export interface ManifestParts extends ReportPlace {
  readonly objects: Pick<Objects, 'put'>;
}

/** What all keys of the reports of a configuration begin with. */
export function folderOf({ source, configuration: { id, destination } }: ReportPlace): string {
  const prefix = destination.prefix ? destination.prefix.replace(/\/?$/, '/') : '';
  return `${prefix}${source.name}/${id}`;
}

export function manifestKeyOf(place: ReportPlace, nowMs: number): string {
  const at = timeText(nowMs).replace(/-(\d\d-\d\d)$/, 'T$1Z');
  return `${folderOf(place)}/${at}/manifest.json`;
}

export function deliveryOf({ source, destination, configuration }: ReportPlace, key: string): Delivery {
  const { account, encryption } = configuration.destination;
  return { source, destination, key, account, encryption };
}

/** Throws DeliveryRefused. */
export async function putReportFile(
  parts: ManifestParts,
  key: string,
  what: { chunks: readonly Uint8Array[]; check: DeliveryCheck },
): Promise<WrittenFile> {
  const { size, md5 } = await deliver(parts.objects, deliveryOf(parts, key), what);
  return { key, size, MD5checksum: md5 };
}

/** Throws DeliveryRefused. */
export async function putManifest(parts: ManifestParts, { nowMs, check, files }: FinishOptions): Promise<void> {
  const { source, destination, configuration } = parts;
  const put = (key: string, { text }: { text: string }) =>
    putReportFile(parts, key, { chunks: [Buffer.from(text)], check });
  const links = files.map(({ key }) => `s3://${destination.name}/${key}`);
  await put(`${folderOf(parts)}/hive/dt=${timeText(nowMs)}/symlink.txt`, { text: links.join('\n') });
  const fileFormat = configuration.destination.format ?? 'CSV';
  const manifest = {
    sourceBucket: source.name,
    destinationBucket: `arn:aws:s3:::${destination.name}`,
    version: '2016-11-30',
    creationTimestamp: String(nowMs),
    fileFormat,
    fileSchema: fileFormats[fileFormat].schema(columnsOf(configuration)),
    files,
  };
  const key = manifestKeyOf(parts, nowMs);
  const { MD5checksum } = await put(key, { text: JSON.stringify(manifest, null, 2) });
  await put(key.replace(/json$/, 'checksum'), { text: MD5checksum });
}

/** `YYYY-MM-DD-HH-MM` */
function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace(/[T:]/g, '-');
}
