/** What a job needs to have inventory reports written. */
import type { Bucket } from '../../meta/records.ts';
import type { NewEncryption } from '../encryption/types.ts';
import type { InventoryConfiguration, ReportEncryption } from './configuration.ts';

/** An object of a report, before it is written. */
export interface Delivery {
  readonly source: Bucket;
  readonly destination: Bucket;
  readonly key: string;
  /** Account that the destination must belong to. */
  readonly account?: string | undefined;
  /** How it is to be encrypted, if that is said. */
  readonly encryption?: ReportEncryption | undefined;
}

/** Whether something may be written for a bucket into another one, and how it is encrypted if that is said. Throws DeliveryRefused. */
export type DeliveryCheck = (delivery: Delivery) => Promise<NewEncryption | undefined>;

/** The destination of a report is not there, or does not let it be written. */
export class DeliveryRefused extends Error {
  override readonly name = 'DeliveryRefused';
}

export interface ReportOptions {
  readonly nowMs: number;
  readonly check: DeliveryCheck;
  /** Told the name of each data file before it is written, so that those of a report that is never finished can be removed. */
  readonly beforeFile: (file: ReportFile) => Promise<void>;
  /** Told the data files once all are there: what is left of the report is then to be written, by `finish` if the report itself does not come to it. */
  readonly beforeManifest: (files: readonly WrittenFile[]) => Promise<void>;
}

/** A data file that is there, as the manifest names it. */
export interface WrittenFile {
  readonly key: string;
  readonly size: number;
  readonly MD5checksum: string;
}

/** What is left of a report whose data files are there. */
export interface FinishOptions {
  /** When it was opened. */
  readonly nowMs: number;
  readonly check: DeliveryCheck;
  readonly files: readonly WrittenFile[];
}

export interface ReportFile {
  /** Name of the bucket. */
  readonly bucket: string;
  readonly key: string;
}

/** A report of a bucket as it was when the report was opened. One call at a time; what rejects cannot be gone on with. */
export interface InventoryReport {
  /** Objects listed so far. */
  readonly rows: number;
  /** Does a bounded part of the work. Once it is done, the report is there: its manifest is written last. */
  step(): Promise<'busy' | 'done'>;
  /** To be called for each that was opened. */
  close(): void;
}

export interface Inventory {
  /** The first bucket behind a name that has configurations. */
  nextBucket(after: string): Promise<string | undefined>;
  /** In order of id; none if the bucket is gone. */
  configurations(bucketName: string): Promise<readonly InventoryConfiguration[]>;
  /** Throws DeliveryRefused. Undefined if the bucket is gone. */
  open(
    bucketName: string,
    configuration: InventoryConfiguration,
    options: ReportOptions,
  ): Promise<InventoryReport | undefined>;
  /** Writes what comes behind the data files, also if that is there already. Throws DeliveryRefused. Does nothing if the bucket is gone. */
  finish(bucketName: string, configuration: InventoryConfiguration, options: FinishOptions): Promise<void>;
  /** Removes a data file of a report that was not finished; it may be gone already, or never have been written. */
  remove(file: ReportFile): Promise<void>;
}

/** A data file while it is written. */
export interface ReportFileWriter {
  /** Bytes so far. */
  readonly size: number;
  /** Takes whole lines, as CSV has them. Resolves once it may be given more. */
  write(lines: string): Promise<void>;
  /** The file whole. */
  finish(): Promise<readonly Uint8Array[]>;
  discard(): void;
}
