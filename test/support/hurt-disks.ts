/**
 * Three disks of a running server that may be hurt in any way, while the other six are left alone: whatever is lost or
 * spoilt on the three, six good shards of everything are left. The three are a whole zone or lie anywhere.
 */
import { copyFile, mkdir, open, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataFolders, diskNames, zoneNames } from './data-folders.ts';
import { SeededRandom } from './seeded-random.ts';

export class HurtDisks {
  readonly names: readonly string[];
  /** The zone whose disks these are. */
  readonly zone: string | undefined;
  readonly #data: string;
  readonly #folders: DataFolders;
  readonly #away = new Set<string>();
  #copies = 0;

  constructor(dataDirectory: string, seed: number) {
    this.#data = dataDirectory;
    this.#folders = new DataFolders(dataDirectory);
    const random = new SeededRandom(seed);
    this.zone = random.below(3) === 0 ? random.pick(zoneNames) : undefined;
    const left = [...diskNames];
    this.names =
      this.zone === undefined
        ? Array.from({ length: 3 }, () => left.splice(random.below(left.length), 1)).flat()
        : diskNames.filter((name) => name.startsWith(`${this.zone}/`));
  }

  /** How many of the three are away. */
  get awayCount(): number {
    return this.zone !== undefined && this.#away.has(this.zone) ? 3 : this.#away.size;
  }

  /** Moves those of the disks away that are there. */
  async lose(disks: readonly number[]): Promise<void> {
    await this.#lose(disks.flatMap((disk) => this.names[disk] ?? []).filter((name) => this.#isThere(name)));
  }

  /** Moves the zone of the three away, with its copy of the log; nothing if they are of several zones. */
  async loseZone(): Promise<void> {
    if (this.zone !== undefined && this.#away.size === 0) await this.#lose([this.zone]);
  }

  async giveBack(): Promise<void> {
    this.#away.clear();
    await this.#folders.giveBack();
  }

  /** Keeps a copy of a disk as it is now. */
  async copy(disk: number): Promise<void> {
    const name = this.names[disk];
    if (name === undefined || !this.#isThere(name)) return;
    const kept = this.#keptPath(disk);
    await rm(kept, { recursive: true, force: true });
    await copyFolder(join(this.#data, name), kept);
    this.#copies |= 1 << disk;
  }

  /** Replaces a disk by the copy that was kept of it, as if it had come back from a backup. The copy is used up. */
  async giveBackOldCopy(disk: number): Promise<void> {
    const name = this.names[disk];
    if (name === undefined || !this.#isThere(name) || (this.#copies & (1 << disk)) === 0) return;
    this.#copies &= ~(1 << disk);
    const path = join(this.#data, name);
    await rename(path, `${this.#keptPath(disk)}-replaced`);
    await rename(this.#keptPath(disk), path);
    await rm(`${this.#keptPath(disk)}-replaced`, { recursive: true });
  }

  /** Inverts a bit somewhere in a shard file of a disk. */
  async flipBit(disk: number, spot: { readonly file: number; readonly at: number }): Promise<void> {
    const file = await this.#pickFile(disk, spot.file);
    if (file === undefined || file.size === 0) return;
    const handle = await unlessGone(open(file.path, 'r+'));
    if (handle === undefined) return;
    try {
      const byte = Buffer.alloc(1);
      const at = spot.at % file.size;
      await handle.read(byte, 0, 1, at);
      byte.writeUInt8(byte.readUInt8(0) ^ (1 << (spot.at % 8)));
      await handle.write(byte, 0, 1, at);
    } finally {
      await handle.close();
    }
  }

  /** Cuts a shard file of a disk somewhere. */
  async cutFile(disk: number, spot: { readonly file: number; readonly at: number }): Promise<void> {
    const file = await this.#pickFile(disk, spot.file);
    if (file !== undefined && file.size > 0) await unlessGone(truncate(file.path, spot.at % file.size));
  }

  async #lose(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    for (const name of names) this.#away.add(name);
    await this.#folders.lose(names);
  }

  #isThere(name: string): boolean {
    return !this.#away.has(name) && (this.zone === undefined || !this.#away.has(this.zone));
  }

  #keptPath(disk: number): string {
    return join(this.#data, `old-copy-${disk}`);
  }

  async #pickFile(disk: number, pick: number): Promise<{ path: string; size: number } | undefined> {
    const name = this.names[disk];
    if (name === undefined || !this.#isThere(name)) return undefined;
    const folder = join(this.#data, name, 'segments');
    const files = (await readdir(folder)).filter((file) => file.endsWith('.shard')).sort();
    const file = files[pick % files.length];
    if (file === undefined) return undefined;
    const path = join(folder, file);
    const found = await unlessGone(stat(path));
    return found && { path, size: found.size };
  }
}

/** The server goes on meanwhile: a file that it removes while it is copied is not in the copy. */
async function copyFolder(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    await mkdir(entry.isDirectory() ? target : dirname(target), { recursive: true });
    if (entry.isFile()) await unlessGone(copyFile(source, target));
  }
}

/** What was to be done to a file; undefined if the server has removed the file. */
async function unlessGone<T>(done: Promise<T>): Promise<T | undefined> {
  try {
    return await done;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
