/** One count of what is in a bucket, in bounded steps: as it is met, key by key, while others go on writing. */
import type { Upload } from '../../meta/records.ts';
import type { IndexReader } from '../../meta/types.ts';
import { accessTierOf, tieringClass } from '../tiering/tiers.ts';
import { PrefixTally, type PrefixTotals } from './prefixes.ts';
import { addUpload, addVersion, type Totals } from './totals.ts';

type Index = Pick<IndexReader, 'glanceAtVersions' | 'listUploads' | 'listUploadParts'>;

/** Uploads that are looked up at once; each has a page of parts or more. */
const uploadsAtOnce = 16;
const partsAtOnce = 1000;

export interface CountOptions {
  readonly bucketId: number;
  readonly prefix: string;
  /** When it is counted, and how long a day of Intelligent-Tiering is. */
  readonly nowMs: number;
  readonly dayLengthMs: number;
}

export class UsageCount {
  /** Versions, delete markers and uploads so far. */
  looks = 0;
  readonly #index: Index;
  readonly #options: CountOptions;
  readonly #tally: PrefixTally;
  /** The key that was met last, and where it goes on. */
  #last: { readonly key: string; readonly ordinal: number } | undefined;
  /** Uploads that come next; those of a key before its versions. */
  #uploads: Upload[] = [];
  #afterUpload: { readonly key: string; readonly uploadId: string } | undefined = { key: '', uploadId: '' };

  constructor(index: Index, options: CountOptions) {
    this.#index = index;
    this.#options = options;
    this.#tally = new PrefixTally(options.prefix);
  }

  /** Looks at so many versions; returns whether that was all. */
  async step(limit: number): Promise<boolean> {
    const { bucketId, prefix } = this.#options;
    const from = this.#last && { key: this.#last.key, below: this.#last.ordinal };
    const page = await this.#index.glanceAtVersions({ bucketId, prefix, from, limit });
    for (const glance of page) {
      const { key, ordinal, isDeleteMarker, size, storageClass } = glance;
      const isCurrent = key !== this.#last?.key;
      if (isCurrent) await this.#countUploads(key);
      const accessTier = storageClass === tieringClass ? accessTierOf(glance, this.#options) : undefined;
      addVersion(this.#tally.of(key), { isCurrent, isDeleteMarker, size, storageClass, accessTier });
      this.#last = { key, ordinal };
    }
    this.looks += page.length;
    if (page.length > 0) return false;
    await this.#countUploads(undefined);
    return true;
  }

  result(): { totals: Totals; prefixes: readonly PrefixTotals[] } {
    return this.#tally.finish();
  }

  /** Those of keys up to one, or all that are left. */
  async #countUploads(until: string | undefined): Promise<void> {
    for (let next = await this.#nextUpload(); next !== undefined; next = await this.#nextUpload()) {
      if (until !== undefined && comesBehind(next.key, { key: until })) return;
      this.#uploads.shift();
      addUpload(this.#tally.of(next.key), await this.#measure(next));
      this.looks++;
    }
  }

  async #nextUpload(): Promise<Upload | undefined> {
    if (this.#uploads.length === 0 && this.#afterUpload !== undefined) {
      const { key: after, uploadId: afterUploadId } = this.#afterUpload;
      const { bucketId, prefix } = this.#options;
      const query = { bucketId, prefix, delimiter: '', after, afterUploadId, limit: uploadsAtOnce };
      const { entries, isTruncated } = await this.#index.listUploads(query);
      this.#uploads = entries.flatMap((entry) => (entry.kind === 'upload' ? [entry.upload] : []));
      this.#afterUpload = isTruncated ? this.#uploads.at(-1) : undefined;
    }
    return this.#uploads[0];
  }

  async #measure({ uploadId, attributes }: Upload): Promise<Parameters<typeof addUpload>[1]> {
    const measured = { storageClass: attributes.storageClass, parts: 0, bytes: 0 };
    for (let after = 0, isTruncated = true; isTruncated; ) {
      const page = await this.#index.listUploadParts(uploadId, { after, limit: partsAtOnce });
      measured.parts += page.parts.length;
      measured.bytes += page.parts.reduce((sum, { size }) => sum + size, 0);
      after = page.parts.at(-1)?.partNumber ?? 0;
      isTruncated = page.isTruncated;
    }
    return measured;
  }
}

/** In the order of their bytes, in which keys are kept; that of strings is another one. */
function comesBehind(one: string, { key }: { key: string }): boolean {
  return Buffer.compare(Buffer.from(one), Buffer.from(key)) > 0;
}
