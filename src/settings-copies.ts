/**
 * Copies of identities and settings of buckets on every disk, as `ninefold-settings.json`: what the shard files do not tell
 * when the index is lost in every zone. The secrets in them are sealed, as they are in the index. A copy that is behind is
 * better than none, so a disk that cannot take one now is tried again.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { DiskState } from './blob/types.ts';
import { type Settings, settingsSchema } from './engine/rebuild/settings.ts';
import type { Clock } from './lib/clock.ts';
import { writeDurably } from './lib/durable-files.ts';

const fileName = 'ninefold-settings.json';

const fileSchema = z.strictObject({
  formatVersion: z.literal(1),
  writtenMs: z.number(),
  /** Of the settings as they stand here. */
  sha256: z.string(),
  settings: z.unknown(),
});

export interface SettingsCopiesOptions {
  readonly read: () => Promise<Settings>;
  readonly disks: () => readonly DiskState[];
  readonly clock: Clock;
}

export class SettingsCopies {
  readonly #options: SettingsCopiesOptions;
  /** Checksums of what was written last, by disk. */
  readonly #written = new Map<string, string>();
  /** Two that write at once would share a draft. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: SettingsCopiesOptions) {
    this.#options = options;
  }

  /** Writes the settings to the disks that can be written and have others. Returns how many of these have them. */
  write(): Promise<number> {
    const written = this.#writing.then(() => this.#write());
    this.#writing = written.catch(() => {});
    return written;
  }

  async #write(): Promise<number> {
    const { read, disks, clock } = this.#options;
    const settings = JSON.stringify(await read());
    const sha256 = checksumOf(settings);
    const text = `{"formatVersion":1,"writtenMs":${clock.nowMs()},"sha256":"${sha256}","settings":${settings}}\n`;
    const healthy = disks().filter(({ state, isFull }) => state === 'healthy' && !isFull);
    await Promise.all(healthy.map((disk) => this.#writeTo(disk, { text, sha256 })));
    return healthy.filter(({ path }) => this.#written.get(path) === sha256).length;
  }

  async #writeTo({ path }: DiskState, { text, sha256 }: { text: string; sha256: string }): Promise<void> {
    if (this.#written.get(path) === sha256) return;
    try {
      await writeDurably(join(path, fileName), [text]);
      this.#written.set(path, sha256);
    } catch {
      // What is wrong with the disk, whoever looks after disks will find out.
      this.#written.delete(path);
    }
  }
}

/** The newest copy that is whole, of those that the folders of disks have; undefined if there is none. */
export async function findSettings(paths: readonly string[]): Promise<Settings | undefined> {
  const found = await Promise.all(paths.map((path) => readCopy(join(path, fileName))));
  return found.flatMap((copy) => copy ?? []).toSorted((a, b) => b.writtenMs - a.writtenMs)[0]?.settings;
}

async function readCopy(path: string): Promise<{ writtenMs: number; settings: Settings } | undefined> {
  try {
    const { writtenMs, sha256, settings } = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    if (checksumOf(JSON.stringify(settings)) !== sha256) return undefined;
    return { writtenMs, settings: settingsSchema.parse(settings) };
  } catch {
    // Missing, or no copy: others may be.
    return undefined;
  }
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
