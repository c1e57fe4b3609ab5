/**
 * One report. It lists a bucket as the index was when the report was opened, in bounded steps between which nothing is under
 * way but an open read transaction; each data file is one write. Until the manifest is written, which is last, nobody takes
 * the files for a report.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
 */
import { Breather } from '../../lib/breather.ts';
import { randomHex } from '../../lib/ids.ts';
import type { Version } from '../../meta/records.ts';
import type { IndexInstant } from '../../meta/types.ts';
import type { LifecycleRule } from '../lifecycle/rules.ts';
import { type FileFormat, fileFormats } from './file-formats.ts';
import { deliveryOf, folderOf, type ManifestParts, manifestKeyOf, putManifest, putReportFile } from './manifest.ts';
import { columnsOf, RowWriter } from './rows.ts';
import type { InventoryReport, ReportFileWriter, ReportOptions, WrittenFile } from './types.ts';

/** Compressed; it is kept in memory until it is written. */
const fileBytesMax = 8 * 1024 * 1024;
/** What is given to the file at once. */
const pieceLengthMax = 64 * 1024;
/** About 20 ms. */
const rowsAtOnce = 4000;
/** Rows between two looks at how long others have waited. */
const rowsBetweenBreaths = 64;

export interface ReportParts extends ManifestParts {
  readonly instant: IndexInstant;
  /** Of the source. */
  readonly rules: readonly LifecycleRule[];
  readonly dayLengthMs: number;
}

export class Report implements InventoryReport {
  rows = 0;
  readonly #parts: ReportParts;
  readonly #options: ReportOptions;
  readonly #writer: RowWriter;
  readonly #versions: Iterator<Version>;
  readonly #format: FileFormat;
  #file: ReportFileWriter | undefined;
  #isListed = false;
  readonly #written: WrittenFile[] = [];

  constructor(parts: ReportParts, options: ReportOptions) {
    this.#parts = parts;
    this.#options = options;
    const { configuration, source, instant, rules, dayLengthMs } = parts;
    this.#format = fileFormats[configuration.destination.format ?? 'CSV'];
    this.#writer = new RowWriter(configuration, { bucketName: source.name, rules, nowMs: options.nowMs, dayLengthMs });
    this.#versions = instant.versions({ bucketId: source.id, prefix: configuration.prefix ?? '' });
  }

  /** Throws DeliveryRefused if the report could not be written as things are. */
  async checkDestination(): Promise<void> {
    const { nowMs, check } = this.#options;
    await check(deliveryOf(this.#parts, manifestKeyOf(this.#parts, nowMs)));
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
    const { nowMs, check, beforeManifest } = this.#options;
    await beforeManifest(this.#written);
    await putManifest(this.#parts, { nowMs, check, files: this.#written });
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
    this.#file ??= this.#format.open(columnsOf(this.#parts.configuration));
    await this.#file.write(text);
  }

  async #putFile(chunks: readonly Uint8Array[]): Promise<void> {
    const { beforeFile, check } = this.#options;
    const key = `${folderOf(this.#parts)}/data/${newFileId()}.${this.#format.extension}`;
    await beforeFile({ bucket: this.#parts.destination.name, key });
    this.#written.push(await putReportFile(this.#parts, key, { chunks, check }));
  }
}

/** In the form of a UUID. */
function newFileId(): string {
  return randomHex(16).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5');
}
