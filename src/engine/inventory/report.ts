/**
 * One report. It lists a bucket as the index was when the report was opened, in bounded steps between which nothing is under
 * way but an open read transaction; each data file is one write. Until the manifest is written, which is last, nobody takes
 * the files for a report.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
 */
import { Breather } from '../../lib/breather.ts';
import { randomHex } from '../../lib/ids.ts';
import type { Bucket, Version } from '../../meta/records.ts';
import type { IndexInstant } from '../../meta/types.ts';
import type { LifecycleRule } from '../lifecycle/rules.ts';
import type { Objects } from '../types.ts';
import type { InventoryConfiguration } from './configuration.ts';
import { deliver } from './deliver.ts';
import { type FileFormat, fileFormats } from './file-formats.ts';
import { RowWriter } from './rows.ts';
import type { Delivery, InventoryReport, ReportFileWriter, ReportOptions } from './types.ts';

/** Compressed; it is kept in memory until it is written. */
const fileBytesMax = 8 * 1024 * 1024;
/** What is given to the file at once. */
const pieceLengthMax = 64 * 1024;
/** About 20 ms. */
const rowsAtOnce = 4000;
/** Rows between two looks at how long others have waited. */
const rowsBetweenBreaths = 64;

export interface ReportParts {
  readonly objects: Pick<Objects, 'put'>;
  readonly instant: IndexInstant;
  readonly source: Bucket;
  readonly destination: Bucket;
  readonly configuration: InventoryConfiguration;
  /** Of the source. */
  readonly rules: readonly LifecycleRule[];
  readonly dayLengthMs: number;
}

interface WrittenFile {
  readonly key: string;
  readonly size: number;
  readonly MD5checksum: string;
}

export class Report implements InventoryReport {
  rows = 0;
  readonly #parts: ReportParts;
  readonly #options: ReportOptions;
  readonly #writer: RowWriter;
  readonly #versions: Iterator<Version>;
  /** What all keys of the report begin with. */
  readonly #folder: string;
  readonly #format: FileFormat;
  #file: ReportFileWriter | undefined;
  #isListed = false;
  readonly #written: WrittenFile[] = [];

  constructor(parts: ReportParts, options: ReportOptions) {
    this.#parts = parts;
    this.#options = options;
    const { configuration, source, instant, rules, dayLengthMs } = parts;
    const { id, destination } = configuration;
    const prefix = destination.prefix ? destination.prefix.replace(/\/?$/, '/') : '';
    this.#folder = `${prefix}${source.name}/${id}`;
    this.#format = fileFormats[destination.format ?? 'CSV'];
    this.#writer = new RowWriter(configuration, { bucketName: source.name, rules, nowMs: options.nowMs, dayLengthMs });
    this.#versions = instant.versions({ bucketId: source.id, prefix: configuration.prefix ?? '' });
  }

  /** Throws DeliveryRefused if the report could not be written as things are. */
  async checkDestination(): Promise<void> {
    await this.#options.check(this.#delivery(this.#manifestKey));
  }

  async step(): Promise<'busy' | 'done'> {
    if (!this.#isListed) await this.#list();
    const file = this.#file;
    if (file !== undefined && (this.#isListed || file.size >= fileBytesMax)) {
      this.#file = undefined;
      await this.#putFile(await file.finish());
      return 'busy';
    }
    if (!this.#isListed) return 'busy';
    await this.#putManifest();
    return 'done';
  }

  close(): void {
    this.#file?.discard();
    this.#parts.instant.close();
  }

  async #list(): Promise<void> {
    const onlyCurrent = this.#parts.configuration.versions === 'Current';
    const breather = new Breather();
    let text = '';
    for (let looked = 1; looked <= rowsAtOnce; looked++) {
      const next = this.#versions.next();
      if (next.done === true) {
        this.#isListed = true;
        // Others may write freely while the rest of the report is written.
        this.#parts.instant.close();
        break;
      }
      const { value: version } = next;
      if (!onlyCurrent || (version.isLatest && !version.isDeleteMarker)) {
        text += this.#writer.write(version);
        this.rows++;
      }
      if (text.length >= pieceLengthMax) {
        await this.#write(text);
        text = '';
      }
      if (looked % rowsBetweenBreaths === 0) await breather.breathe();
    }
    if (text !== '') await this.#write(text);
  }

  async #write(text: string): Promise<void> {
    this.#file ??= this.#format.open(this.#writer.columns);
    await this.#file.write(text);
  }

  async #putFile(chunks: readonly Uint8Array[]): Promise<void> {
    const key = `${this.#folder}/data/${newFileId()}.${this.#format.extension}`;
    await this.#options.beforeFile({ bucket: this.#parts.destination.name, key });
    this.#written.push(await this.#put(key, chunks));
  }

  async #putManifest(): Promise<void> {
    const { source, destination, configuration } = this.#parts;
    const { nowMs } = this.#options;
    const links = this.#written.map(({ key }) => `s3://${destination.name}/${key}`);
    await this.#put(`${this.#folder}/hive/dt=${timeText(nowMs)}/symlink.txt`, [Buffer.from(links.join('\n'))]);
    const manifest = {
      sourceBucket: source.name,
      destinationBucket: `arn:aws:s3:::${destination.name}`,
      version: '2016-11-30',
      creationTimestamp: String(nowMs),
      fileFormat: configuration.destination.format ?? 'CSV',
      fileSchema: this.#format.schema(this.#writer.columns),
      files: this.#written,
    };
    const key = this.#manifestKey;
    const { MD5checksum } = await this.#put(key, [Buffer.from(JSON.stringify(manifest, null, 2))]);
    await this.#put(key.replace(/json$/, 'checksum'), [Buffer.from(MD5checksum)]);
  }

  get #manifestKey(): string {
    const at = timeText(this.#options.nowMs).replace(/-(\d\d-\d\d)$/, 'T$1Z');
    return `${this.#folder}/${at}/manifest.json`;
  }

  async #put(key: string, chunks: readonly Uint8Array[]): Promise<WrittenFile> {
    const { objects } = this.#parts;
    const { size, md5 } = await deliver(objects, this.#delivery(key), { chunks, check: this.#options.check });
    return { key, size, MD5checksum: md5 };
  }

  #delivery(key: string): Delivery {
    const { source, destination, configuration } = this.#parts;
    const { account, encryption } = configuration.destination;
    return { source, destination, key, account, encryption };
  }
}

/** `YYYY-MM-DD-HH-MM` */
function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace(/[T:]/g, '-');
}

/** In the form of a UUID. */
function newFileId(): string {
  return randomHex(16).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5');
}
