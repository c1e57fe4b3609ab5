/**
 * The file of the audit log: lines that are synced before `append` resolves, in the order in which they came. What waits at
 * once is written at once. A file that is full is set aside under the time of that, and the oldest of those goes.
 */
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from './lib/clock.ts';
import { syncFolder } from './lib/durable-files.ts';

export interface AuditFileOptions {
  readonly folder: string;
  /** A file that is longer takes no more. */
  readonly fileBytesMax: number;
  /** Files kept, the one that is written included. */
  readonly filesMax: number;
  readonly clock: Clock;
}

const currentName = 'audit.jsonl';
const asidePattern = /^audit-[\dTZ-]+\.jsonl$/;

export class AuditFile {
  readonly #options: AuditFileOptions;
  #file: FileHandle;
  #sizeBytes: number;
  #waiting: string[] = [];
  /** Settles with the write that takes what waits now. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  private constructor(options: AuditFileOptions, file: FileHandle, sizeBytes: number) {
    this.#options = options;
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  static async open(options: AuditFileOptions): Promise<AuditFile> {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const file = await openCurrent(options.folder);
    return new AuditFile(options, file, (await file.stat()).size);
  }

  /** Rejects where the line could not be written and synced. */
  append(line: string): Promise<void> {
    this.#waiting.push(line);
    this.#next ??= this.#last.then(() => this.#write());
    this.#last = this.#next.catch(() => undefined);
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  async #write(): Promise<void> {
    const text = this.#waiting.map((line) => `${line}\n`).join('');
    this.#waiting = [];
    this.#next = undefined;
    if (this.#sizeBytes >= this.#options.fileBytesMax) await this.#setAside();
    await this.#file.appendFile(text);
    await this.#file.datasync();
    this.#sizeBytes += Buffer.byteLength(text);
  }

  async #setAside(): Promise<void> {
    const { folder, filesMax, clock } = this.#options;
    const name = `audit-${new Date(clock.nowMs()).toISOString().replace(/[:.]/g, '-')}.jsonl`;
    await rename(join(folder, currentName), join(folder, name));
    const file = await openCurrent(folder);
    await this.#file.close();
    [this.#file, this.#sizeBytes] = [file, 0];
    const aside = (await readdir(folder)).filter((found) => asidePattern.test(found)).sort();
    for (const old of aside.slice(0, Math.max(0, aside.length - (filesMax - 1)))) await rm(join(folder, old));
  }
}

async function openCurrent(folder: string): Promise<FileHandle> {
  const file = await open(join(folder, currentName), 'a', 0o600);
  await syncFolder(folder);
  return file;
}
