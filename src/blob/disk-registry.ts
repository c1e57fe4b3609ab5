/**
 * Which disks the store has, where they are and what they are meant for: `ninefold-disks.json`, a copy of it in every zone's
 * folder. The configuration gives the first set of disks; from then on the registry has the say, and the configuration only
 * tells where disks are that were moved. A disk that was removed or replaced stays in it, so that it is never taken back
 * unnoticed.
 *
 * A change is a new version of the whole, written to all zones; it holds once most of them have it. At a start the highest
 * version that can be read counts, and copies that are behind are written anew: so after a process ended in the middle of
 * a change, it has happened or it has not.
 */
import { readFile, rm } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { writeDurably } from '../lib/durable-files.ts';
import type { DiskPlace } from './disk.ts';
import { DiskGate } from './disk-gate.ts';
import { errorCode, readIdentity } from './disk-identity.ts';
import type { BlobLog, DiskOptions, ZoneOptions } from './options.ts';
import { DEFAULT_GROUP, groupMention, PoolError } from './pool.ts';
import { parseRegistry, type RegisteredDisk, type Registry } from './registry-format.ts';

const REGISTRY_FILE = 'ninefold-disks.json';

export interface RegistryOptions {
  readonly zones: readonly ZoneOptions[];
  /** Nobody waits longer than this for a zone to be written. */
  readonly limitMs: number;
  readonly log: BlobLog;
}

interface Copy {
  readonly folder: string;
  readonly registry: Registry | undefined;
}

export class DiskRegistry {
  readonly #zones: readonly ZoneOptions[];
  readonly #limitMs: number;
  readonly #log: BlobLog;
  #version: number;
  /** With absolute paths. */
  #disks: readonly RegisteredDisk[];

  private constructor({ zones, limitMs, log }: RegistryOptions, found: Pick<Registry, 'version' | 'disks'>) {
    this.#zones = zones;
    this.#limitMs = limitMs;
    this.#log = log;
    this.#version = found.version;
    this.#disks = found.disks;
  }

  static async open(options: RegistryOptions): Promise<DiskRegistry> {
    const { zones, log } = options;
    const copies = await Promise.all(foldersOf(zones).map((folder) => readCopy(folder, log)));
    const newest = findNewest(copies);
    if (!newest) {
      const disks = zones.flatMap(({ name, disks: configured }) =>
        configured.map((disk) => {
          const { path, group = DEFAULT_GROUP } = asOptions(disk);
          return firstEntry({ zone: name, group, path: resolve(path) });
        }),
      );
      return new DiskRegistry(options, { version: 0, disks });
    }
    const located = newest.disks.map((disk) => ({ ...disk, path: locate(zones, disk) }));
    const disks = await followConfiguration(zones, located, log);
    const registry = new DiskRegistry(options, { version: newest.version, disks });
    const isSpread = copies.every((copy) => copy.registry?.text === newest.text);
    if (!isSpread || disks.some(({ path }, i) => path !== located[i]?.path)) await registry.#spread();
    return registry;
  }

  get disks(): readonly RegisteredDisk[] {
    return this.#disks;
  }

  /** Whether a disk was removed or replaced: it is not to be used any more. */
  isRetired(id: string): boolean {
    return this.#disks.some((disk) => disk.id === id && (disk.state === 'removed' || disk.state === 'replaced'));
  }

  /** Takes up the ids of disks that were not known before. */
  async learn(found: readonly { readonly id: string; readonly path: string }[]): Promise<void> {
    const idAt = new Map(found.map(({ id, path }) => [path, id]));
    const isUnknown = (disk: RegisteredDisk): boolean => disk.id === '' && (idAt.get(disk.path) ?? '') !== '';
    if (this.#version > 0 && !this.#disks.some(isUnknown)) return;
    this.#disks = this.#disks.map((disk) => (isUnknown(disk) ? { ...disk, id: idAt.get(disk.path) ?? '' } : disk));
    await this.#spread();
  }

  /** Replaces the whole, durably. Rejects, and nothing has changed, if most zones could not be written. */
  async change(disks: readonly RegisteredDisk[]): Promise<void> {
    const before = this.#disks;
    this.#disks = disks;
    if (await this.#spread()) return;
    this.#disks = before;
    await this.#spread();
    throw new Error('most zones could not be written');
  }

  /** Writes a new version to all zones; whether most have it. */
  async #spread(): Promise<boolean> {
    const folders = foldersOf(this.#zones);
    this.#version++;
    const disks = this.#disks.map(({ group, ...disk }) => ({
      ...disk,
      path: this.#relativePath(disk),
      ...groupMention(group),
    }));
    const text = `${JSON.stringify({ format: 1, version: this.#version, disks }, null, 2)}\n`;
    const written = await Promise.all(
      folders.map(async (folder) => {
        try {
          const gate = new DiskGate(this.#limitMs, () => {});
          await gate.run(() => writeDurably(join(folder, REGISTRY_FILE), [text]));
          return true;
        } catch (error) {
          this.#log.warn({ folder, error }, 'The registry of disks cannot be written to a zone');
          return false;
        }
      }),
    );
    return 2 * written.filter(Boolean).length > folders.length || folders.length === 0;
  }

  /** Disks inside of their zone's folder are named from there, so that it can be moved with them. */
  #relativePath({ zone, path }: Pick<RegisteredDisk, 'zone' | 'path'>): string {
    const folder = this.#zones.find(({ name }) => name === zone)?.path;
    const inside = folder === undefined ? '..' : relative(resolve(folder), path);
    return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
  }
}

/** A disk of the configuration, with its group if that is said. */
function asOptions(disk: string | DiskOptions): { readonly path: string; readonly group?: string } {
  return typeof disk === 'string' ? { path: disk } : disk;
}

function resolved(disk: string | DiskOptions): { readonly path: string; readonly group?: string } {
  const options = asOptions(disk);
  return { ...options, path: resolve(options.path) };
}

/** Throws if the configuration has a disk in another group than it is in. */
function refuseOtherGroup({ path, group: own }: RegisteredDisk, group: string | undefined): void {
  if (group === undefined || group === own) return;
  throw new PoolError(
    `The disk ${path} is one of the group ${own}, and the configuration says ${group}: a disk keeps its group. Say ${own}; or ` +
      'drain and remove the disk, empty its folder, and add it anew (`ninefold disk add --group`).',
  );
}

function firstEntry(place: DiskPlace): RegisteredDisk {
  return { id: '', ...place, state: 'active' };
}

function foldersOf(zones: readonly ZoneOptions[]): string[] {
  return zones.flatMap(({ path }) => (path === undefined ? [] : [resolve(path)]));
}

function locate(zones: readonly ZoneOptions[], { zone, path }: RegisteredDisk): string {
  return resolve(zones.find(({ name }) => name === zone)?.path ?? '', path);
}

async function readCopy(folder: string, log: BlobLog): Promise<Copy> {
  try {
    // What a change leaves that was cut off.
    await rm(join(folder, `${REGISTRY_FILE}.draft`), { force: true });
    const registry = parseRegistry(await readFile(join(folder, REGISTRY_FILE), 'utf8'));
    if (!registry) log.warn({ folder }, "A zone's registry of disks is damaged: it is replaced by another zone's");
    return { folder, registry };
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') log.warn({ folder, error }, 'The registry of disks of a zone cannot be read');
    return { folder, registry: undefined };
  }
}

/** The highest version; where zones differ in it, as after two changes of which each missed a zone, what most have. */
function findNewest(copies: readonly Copy[]): Registry | undefined {
  const found = copies.flatMap(({ registry }) => registry ?? []);
  const version = Math.max(...found.map((registry) => registry.version));
  const newest = found.filter((registry) => registry.version === version);
  const votes = (one: Registry): number => newest.filter(({ text }) => text === one.text).length;
  return newest.reduce<Registry | undefined>(
    (best, one) => (best && votes(best) >= votes(one) ? best : one),
    undefined,
  );
}

/** Paths of the configuration that the registry does not have: a disk that was moved there, or one that is no part of the store. */
async function followConfiguration(
  zones: readonly ZoneOptions[],
  registered: readonly RegisteredDisk[],
  log: BlobLog,
): Promise<readonly RegisteredDisk[]> {
  let disks = registered;
  for (const zone of zones) {
    for (const { path, group } of zone.disks.map(resolved)) {
      const known = disks.filter((disk) => disk.path === path);
      const used = known.find(({ state }) => state === 'active' || state === 'draining');
      if (used) {
        refuseOtherGroup(used, group);
        continue;
      }
      const found = await readIdentity(path);
      const id = found.kind === 'ok' ? found.identity.diskId : undefined;
      const moved = disks.find((disk) => disk.id === id && disk.zone === zone.name && disk.state !== 'removed');
      if (moved) refuseOtherGroup(moved, group);
      if (moved && moved.path !== path) {
        log.info({ disk: id, from: moved.path, to: path }, 'A disk has moved');
        disks = disks.map((disk) => (disk === moved ? { ...disk, path } : disk));
      } else if (!moved) {
        log.warn({ path }, 'A folder of the configuration is no disk of the store: `ninefold disk add` makes it one');
      }
    }
  }
  return disks;
}
