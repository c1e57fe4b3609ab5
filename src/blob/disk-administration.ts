/**
 * Adding, draining, replacing and removing disks while the store serves. One change at a time; each is decided, written to
 * the registry, and then takes effect. A process that ends before the registry was written has at most made a folder a
 * disk that is no part of the store, which adding it again takes up.
 */
import { readdir } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { syncFolder } from '../lib/durable-files.ts';
import type { Disk, DiskPlace } from './disk.ts';
import { DiskGate } from './disk-gate.ts';
import { createDisk, type DiskIdentity, errorCode, isOfMaking, readIdentity, segmentsFolder } from './disk-identity.ts';
import type { DiskRegistry } from './disk-registry.ts';
import type { Disks } from './disks.ts';
import type { PoolUse } from './options.ts';
import { placeableShards } from './placement.ts';
import { DEFAULT_GROUP, GROUP_NAME } from './pool.ts';
import type { RegisteredDisk } from './registry-format.ts';
import { ALL_SCHEMES, type Scheme } from './scheme.ts';
import type { SegmentTable } from './segments.ts';
import { type DiskAdministration, DiskRefusal, type DiskState, type NewDisk } from './types.ts';

export interface AdministrationContext {
  readonly clusterId: string;
  readonly zones: readonly { readonly name: string }[];
  readonly pools?: readonly PoolUse[];
  readonly disks: Disks;
  readonly registry: DiskRegistry;
  readonly table: SegmentTable;
}

/** What a fresh disk may have: a file system's own folder. */
const NOT_CONTENT = new Set(['lost+found']);

export class Administration implements DiskAdministration {
  readonly #context: AdministrationContext;
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: AdministrationContext) {
    this.#context = context;
  }

  addDisk(request: NewDisk): Promise<DiskState> {
    return this.#inTurn(async () => {
      const { zones, registry } = this.#context;
      if (!zones.some(({ name }) => name === request.zone)) {
        throw new DiskRefusal('UnknownZone', `there is no zone ${request.zone}`);
      }
      const { group = DEFAULT_GROUP } = request;
      if (!GROUP_NAME.test(group)) {
        throw new DiskRefusal(
          'UnusableGroup',
          `${group} is no name of a group: lower-case letters, digits and hyphens`,
        );
      }
      const entry = await this.#prepare({ ...request, group });
      await this.#register([...registry.disks, entry]);
      return await this.#take(entry);
    });
  }

  drainDisk(name: string): Promise<DiskState> {
    return this.#inTurn(async () => {
      const disk = this.#find(name);
      if (disk.standing === 'replaced') throw new DiskRefusal('WrongState', `${disk.path} has been replaced`);
      if (disk.standing === 'draining') return disk.describe();
      this.#refuseIfTooFew(disk);
      await this.#register(this.#with(disk, 'draining'));
      this.#context.disks.setStanding(disk, 'draining');
      return disk.describe();
    });
  }

  replaceDisk({ id, path }: { readonly id: string; readonly path: string }): Promise<DiskState> {
    return this.#inTurn(async () => {
      const { disks } = this.#context;
      const old = this.#find(id);
      if (old.standing === 'replaced') throw new DiskRefusal('WrongState', `${old.path} has been replaced already`);
      const prepared = await this.#prepare({ zone: old.zone, group: old.group, path }, old);
      const entry = { ...prepared, rankedAs: old.rankedAs };
      await this.#register([...this.#with(old, 'replaced'), entry]);
      disks.setStanding(old, 'replaced');
      // What was at this path is not there any more, and never will be.
      if (old.path === entry.path) disks.forget(old);
      return await this.#take(entry);
    });
  }

  removeDisk(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const { disks, table } = this.#context;
      const disk = this.#find(name);
      if (disk.readable) {
        if (disk.standing === 'active') {
          throw new DiskRefusal('WrongState', `${disk.path} is in use: drain it first, or replace it`);
        }
        const held = table.countHeldBy(disk);
        if (held > 0)
          throw new DiskRefusal('StillNeeded', `${disk.path} still holds ${held} shards: they are moved first`);
        // Whoever takes the disk out relies on it: what was moved away must not come back with a power cut.
        await disk.gate.run(() => syncFolder(segmentsFolder(disk.path)));
      } else {
        if (disk.standing === 'active') this.#refuseIfTooFew(disk);
        const needed = table.countNeeding(disk);
        if (needed > 0) {
          throw new DiskRefusal('StillNeeded', `${needed} segments cannot be read whole without ${disk.path}`);
        }
      }
      await this.#register(this.#with(disk, 'removed'));
      disks.forget(disk);
    });
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => {});
    return result;
  }

  #find(name: string): Disk {
    const disk = this.#context.disks.all.find(({ id, path }) => name !== '' && (id === name || path === resolve(name)));
    if (!disk) throw new DiskRefusal('UnknownDisk', `no disk of the store has the id or path ${name}`);
    return disk;
  }

  /** Every group must keep the disks that its segments need, and those that are to come. */
  #refuseIfTooFew(leaving: Disk): void {
    const { group } = leaving;
    const staying = this.#context.disks.stayingIn(group).filter((disk) => disk !== leaving);
    const scheme = this.#schemesIn(group).find((one) => placeableShards(staying, one) < one.shards);
    if (!scheme) return;
    const others = group === DEFAULT_GROUP ? 'the other disks' : `the other disks of the group ${group}`;
    const what = `${others} can hold ${placeableShards(staying, scheme)} of the ${scheme.shards} shards`;
    const why = `${what} of ${scheme.name}, at most ${scheme.shardsPerZoneMax} in a zone`;
    throw new DiskRefusal('TooFewDisks', `without ${leaving.path} ${why}: add a disk first, or replace it`);
  }

  #schemesIn(group: string): readonly Scheme[] {
    if (group === DEFAULT_GROUP) return ALL_SCHEMES;
    const { pools = [], table } = this.#context;
    const used = new Set(pools.filter((pool) => pool.group === group).map(({ scheme }) => scheme));
    for (const segment of table.all()) if (segment.group === group) used.add(segment.scheme.name);
    return ALL_SCHEMES.filter(({ name }) => used.has(name));
  }

  /** The registry with a disk in another state. */
  #with(disk: Disk, state: RegisteredDisk['state']): RegisteredDisk[] {
    const isMeant = (entry: RegisteredDisk): boolean =>
      entry.path === disk.path && (entry.id === disk.id || entry.id === '') && entry.state === disk.standing;
    const { disks } = this.#context.registry;
    return disks.map((entry) => (isMeant(entry) ? { ...entry, id: disk.id, state } : entry));
  }

  async #register(disks: readonly RegisteredDisk[]): Promise<void> {
    try {
      await this.#context.registry.change(disks);
    } catch (cause) {
      const message = 'the registry of disks cannot be written to most zones';
      throw new DiskRefusal('RegistryNotWritten', message, { cause });
    }
  }

  async #take(entry: RegisteredDisk): Promise<DiskState> {
    const disk = this.#context.disks.add(entry);
    await this.#context.disks.check([disk]);
    return disk.describe();
  }

  /** Makes a folder a disk, unless it is one that an addition made which was cut off. */
  async #prepare(wanted: DiskPlace, replaced?: Disk): Promise<RegisteredDisk> {
    const { clusterId, disks } = this.#context;
    const refuse = (why: string): never => {
      throw new DiskRefusal('UnusableFolder', `${wanted.path} ${why}`);
    };
    if (!isAbsolute(wanted.path)) refuse('is not an absolute path');
    const path = resolve(wanted.path);
    const belongs = { zone: wanted.zone, group: wanted.group };
    const place = { ...belongs, path };
    const other = disks.all.find((disk) => (disk === replaced ? isInside(disk.path, path) : overlap(disk.path, path)));
    if (other) refuse(`and the disk ${other.path} lie in one another`);
    const gate = new DiskGate(disks.timeoutMs, () => {});
    try {
      const found = await gate.run(() => readIdentity(path));
      if (found.kind === 'bad') return refuse(`cannot be used: ${found.reason}`);
      if (found.kind === 'ok') {
        const reason = await gate.run(() => this.#whyUnusable(found.identity, place));
        if (reason !== undefined) return refuse(reason);
        return { id: found.identity.diskId, ...place, state: 'active' };
      }
      const content = await gate.run(() => contentOfFresh(path));
      if (content !== undefined) return refuse(`is not empty: there is ${content}`);
      const { diskId } = await gate.run(() => createDisk(path, { clusterId, ...belongs }));
      return { id: diskId, ...place, state: 'active' };
    } catch (cause) {
      if (cause instanceof DiskRefusal) throw cause;
      throw new DiskRefusal('UnusableFolder', `${path} cannot be made a disk: ${String(cause)}`, { cause });
    }
  }

  /** Why a folder that is a disk already cannot be added; undefined if it can. */
  async #whyUnusable({ clusterId, diskId, zone, group }: DiskIdentity, wanted: DiskPlace): Promise<string | undefined> {
    const { registry } = this.#context;
    if (clusterId !== this.#context.clusterId) return `is a disk of another cluster, ${clusterId}`;
    if (registry.isRetired(diskId)) return 'is a disk that was removed: empty it to use it anew';
    const { disks } = registry;
    if (disks.some(({ id }) => id === diskId)) return 'is a disk of the store, or a copy of one';
    if (zone !== wanted.zone) return `was made a disk of zone ${zone}`;
    if (group !== wanted.group) return `was made a disk of the group ${group}`;
    const content = await contentOf(segmentsFolder(wanted.path));
    return content === undefined ? undefined : 'is a disk with data that the store does not know';
  }
}

/** What a folder without identity has in it, but for what the making of a disk leaves that was cut off. */
async function contentOfFresh(path: string): Promise<string | undefined> {
  const content = await contentOf(path, (name) => !isOfMaking(name));
  return content ?? (await contentOf(segmentsFolder(path)));
}

/** The first name in a folder, if there is any. */
async function contentOf(path: string, counts = (_name: string) => true): Promise<string | undefined> {
  try {
    return (await readdir(path)).find((name) => !NOT_CONTENT.has(name) && counts(name));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether one of two folders lies in the other, or they are one. */
function overlap(a: string, b: string): boolean {
  return a === b || isInside(a, b) || isInside(b, a);
}

function isInside(left: string, right: string): boolean {
  const path = relative(left, right);
  return path !== '' && !path.startsWith('..') && !isAbsolute(path);
}
