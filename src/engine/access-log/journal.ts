/**
 * Lines of access logs on their way into the index. They are gathered in memory, for a second at most, and then kept by one
 * command for each bucket: a line must not cost a commit. A process that is killed loses what it has gathered. So does one
 * whose commits fail for so long that memory for lines is full, or whose lines nobody takes: no request waits for its line,
 * and `lost` counts those that found no place.
 */
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import type { Bucket, LogGroup } from '../../meta/records.ts';
import type { Index } from '../../meta/types.ts';
import { type LoggingConfiguration, loggingKind } from './configuration.ts';
import { encodeSource } from './source.ts';

const compress = promisify(zstdCompress);
/** Log lines resemble each other: little is gained by more effort. */
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

const gatheringMs = 1000;
/** A bucket's lines are kept before their second is over once they are so many bytes. */
const batchBytes = 1024 * 1024;
/** Over all buckets, those included that are being written. */
const gatheredBytesMax = 32 * 1024 * 1024;
const dayMs = 86_400_000;

export interface JournalOptions {
  readonly index: Pick<Index, 'submit' | 'listLogGroups' | 'nextBucketWithConfig'>;
  /** Of one bucket's log, until it is delivered. */
  readonly waitingBytesMax: number;
}

interface Gathered {
  readonly bucket: Bucket;
  readonly configuration: LoggingConfiguration;
  readonly day: number;
  readonly atMs: number;
  lines: string[];
  size: number;
}

export class AccessJournal {
  /** Lines that were not kept since the start. */
  lost = 0;
  /** Whether requests of any bucket may be logged: true until it is known that none are. */
  isOn = true;
  readonly #options: JournalOptions;
  #gathered = new Map<string, Gathered>();
  #size = 0;
  /** Bytes that wait for their delivery, by bucket. */
  readonly #waiting = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  /** Settles with the write that takes what is gathered now. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();
  /** The last batch could not be kept: the next is tried when the second is over, however much there is. */
  #isFailing = false;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Learns what there is. */
  async open(): Promise<void> {
    const { index } = this.#options;
    for (const group of await index.listLogGroups()) this.#count(group);
    this.isOn = (await index.nextBucketWithConfig({ after: '', kind: loggingKind })) !== undefined;
  }

  /** Takes a line of a bucket's log. `atMs` is when its request came. */
  add(
    { bucket, configuration }: { bucket: Bucket; configuration: LoggingConfiguration },
    { text, atMs }: { text: string; atMs: number },
  ): void {
    const size = Buffer.byteLength(text);
    const waiting = this.#waiting.get(bucket.id) ?? 0;
    if (this.#size + size > gatheredBytesMax || waiting + size > this.#options.waitingBytesMax) {
      this.lost++;
      return;
    }
    const day = Math.floor(atMs / dayMs);
    const name = `${bucket.id} ${day}`;
    const gathered = this.#gathered.get(name) ?? { bucket, configuration, day, atMs, lines: [], size: 0 };
    gathered.lines.push(text);
    gathered.size += size;
    this.#size += size;
    this.#gathered.set(name, gathered);
    if (gathered.size >= batchBytes && !this.#isFailing) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), gatheringMs).unref();
  }

  /** Resolves once all lines are kept that were gathered before, or have found no place again. Never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next ??= this.#last.then(() => this.#write());
    this.#last = this.#next;
    return this.#next;
  }

  /** Of a bucket, so many bytes were delivered or given up. */
  settled({ bucketId, size }: Pick<LogGroup, 'bucketId' | 'size'>): void {
    this.#count({ bucketId, size: -size });
  }

  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
  }

  #count({ bucketId, size }: Pick<LogGroup, 'bucketId' | 'size'>): void {
    const waiting = (this.#waiting.get(bucketId) ?? 0) + size;
    if (waiting > 0) this.#waiting.set(bucketId, waiting);
    else this.#waiting.delete(bucketId);
  }

  async #write(): Promise<void> {
    this.#next = undefined;
    const batches = [...this.#gathered];
    this.#gathered = new Map();
    await Promise.all(batches.map(([name, gathered]) => this.#keep(name, gathered)));
  }

  async #keep(name: string, gathered: Gathered): Promise<void> {
    const { bucket, configuration, day, atMs, lines, size } = gathered;
    try {
      const text = await compress(lines.join(''), compression);
      await this.#options.index.submit({
        type: 'add-log-batch',
        ...{ bucketId: bucket.id, day, atMs, lines: lines.length, size },
        source: encodeSource({ bucket, configuration }),
        text: text.toString('base64'),
      });
      this.#isFailing = false;
      this.#size -= size;
      this.#count({ bucketId: bucket.id, size });
    } catch {
      this.#putBack(name, gathered);
    }
  }

  /** What could not be kept waits with what has come since: the index says itself, and to the log, why it cannot write. */
  #putBack(name: string, gathered: Gathered): void {
    this.#isFailing = true;
    const since = this.#gathered.get(name);
    const lines = since === undefined ? gathered.lines : [...gathered.lines, ...since.lines];
    this.#gathered.set(name, { ...gathered, lines, size: gathered.size + (since?.size ?? 0) });
    this.#timer ??= setTimeout(() => void this.flush(), gatheringMs).unref();
  }
}
