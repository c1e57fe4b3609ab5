/**
 * Three disks of a running server that may be hurt in any way, while the other six are left alone: whatever is lost or
 * spoilt on the three, six good shards of everything are left, and of a scheme with a shard in each zone one, where a zone is spared.
 * The three are a whole zone or lie anywhere. What is done to them says whether it could be done.
 */
import { copyFile, lstat, mkdir, open, readdir, realpath, rename, rm, stat, truncate } from 'node:fs/promises';
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

  /** `oneOf` is a disk that is among the three whatever the seed. */
  constructor(
    dataDirectory: string,
    seed: number,
    { oneOf, sparesZone = false }: { readonly oneOf?: string | undefined; readonly sparesZone?: boolean } = {},
  ) {
    this.#data = dataDirectory;
    this.#folders = new DataFolders(dataDirectory);
    const random = new SeededRandom(seed);
    const zones = zoneNames.filter((zone) => oneOf === undefined || oneOf.startsWith(`${zone}/`));
    this.zone = random.below(3) === 0 ? random.pick(zones) : undefined;
    const spared = sparesZone ? random.pick(zoneNames) : undefined;
    const left = diskNames.filter((name) => name !== oneOf && !name.startsWith(`${spared}/`));
    const first = oneOf === undefined ? [] : [oneOf];
    const others = Array.from({ length: 3 - first.length }, () => left.splice(random.below(left.length), 1)).flat();
    this.names =
      this.zone === undefined ? [...first, ...others] : diskNames.filter((name) => name.startsWith(`${this.zone}/`));
  }

  /** How many of the three are away. */
  get awayCount(): number {
    return this.zone !== undefined && this.#away.has(this.zone) ? 3 : this.#away.size;
  }

  /** Moves those of the disks away that are there. */
  async lose(disks: readonly number[]): Promise<boolean> {
    return await this.#lose(disks.flatMap((disk) => this.names[disk] ?? []).filter((name) => this.#isThere(name)));
  }

  /** Moves the zone of the three away, with its copy of the log; nothing if they are of several zones. */
  async loseZone(): Promise<boolean> {
    return this.zone !== undefined && this.#away.size === 0 && (await this.#lose([this.zone]));
  }

  async giveBack(): Promise<boolean> {
    const wasAway = this.#away.size > 0;
    this.#away.clear();
    await this.#folders.giveBack();
    return wasAway;
  }

  /** Keeps a copy of a disk as it is now. */
  async copy(disk: number): Promise<boolean> {
    const name = this.names[disk];
    if (name === undefined || !this.#isThere(name) || (await this.#isLinked(name))) return false;
    const kept = this.#keptPath(disk);
    await rm(kept, { recursive: true, force: true });
    await copyFolder(join(this.#data, name), kept);
    this.#copies |= 1 << disk;
    return true;
  }

  /**
   * Loses a disk for good, with the copy that was kept of it; an empty folder is in its place, of which the path is returned.
   * Undefined if the disk is away.
   */
  async loseForGood(disk: number): Promise<string | undefined> {
    const name = this.names[disk];
    if (name === undefined || !this.#isThere(name)) return undefined;
    this.#copies &= ~(1 << disk);
    await rm(this.#keptPath(disk), { recursive: true, force: true });
    const path = join(this.#data, name);
    // It may be on a file system of its own, by a link.
    const place = await realpath(path);
    await rename(place, `${place}-lost`);
    await mkdir(place);
    await rm(`${place}-lost`, { recursive: true });
    return path;
  }

  /** Replaces a disk by the copy that was kept of it, as if it had come back from a backup. The copy is used up. */
  async giveBackOldCopy(disk: number): Promise<boolean> {
    const name = this.names[disk];
    if (name === undefined || !this.#isThere(name) || (this.#copies & (1 << disk)) === 0) return false;
    this.#copies &= ~(1 << disk);
    const path = join(this.#data, name);
    await rename(path, `${this.#keptPath(disk)}-replaced`);
    await rename(this.#keptPath(disk), path);
    await rm(`${this.#keptPath(disk)}-replaced`, { recursive: true });
    return true;
  }

  /** Inverts a bit somewhere in a shard file of a disk. */
  async flipBit(disk: number, spot: { readonly file: number; readonly at: number }): Promise<boolean> {
    const file = await this.#pickFile(disk, spot.file);
    if (file === undefined || file.size === 0) return false;
    const handle = await unlessGone(open(file.path, 'r+'));
    if (handle === undefined) return false;
    try {
      const byte = Buffer.alloc(1);
      const at = spot.at % file.size;
      await handle.read(byte, 0, 1, at);
      byte.writeUInt8(byte.readUInt8(0) ^ (1 << (spot.at % 8)));
      await handle.write(byte, 0, 1, at);
    } finally {
      await handle.close();
    }
    return true;
  }

  /** Cuts a shard file of a disk somewhere. */
  async cutFile(disk: number, spot: { readonly file: number; readonly at: number }): Promise<boolean> {
    const file = await this.#pickFile(disk, spot.file);
    if (file === undefined || file.size === 0) return false;
    await unlessGone(truncate(file.path, spot.at % file.size));
    return true;
  }

  async #lose(names: readonly string[]): Promise<boolean> {
    if (names.length === 0) return false;
    for (const name of names) this.#away.add(name);
    await this.#folders.lose(names);
    return true;
  }

  /** Whether a disk is there. */
  has(name: string): boolean {
    return this.names.includes(name) && this.#isThere(name);
  }

  /** A disk that lies elsewhere cannot be exchanged by renaming folders. */
  async #isLinked(name: string): Promise<boolean> {
    return (await lstat(join(this.#data, name))).isSymbolicLink();
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
