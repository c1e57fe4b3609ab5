/** What a running server takes of the machine, and what it says of itself. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { diskNames } from '../support/data-folders.ts';
import type { S3Http } from '../support/s3-http.ts';

export interface ProcessFigures {
  readonly residentMebibytes: number;
  readonly descriptors: number;
}

/** Undefined if the process is gone meanwhile. Needs /proc. */
export async function processFigures(pid: number): Promise<ProcessFigures | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const resident = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
    const { length: descriptors } = await readdir(`/proc/${pid}/fd`);
    return Number.isNaN(resident) ? undefined : { residentMebibytes: Math.round(resident / 1024), descriptors };
  } catch {
    return undefined;
  }
}

/** Bytes of all shard files. Files may come and go meanwhile. */
export async function shardBytesOnDisk(dataDirectory: string): Promise<number> {
  let bytes = 0;
  for (const disk of diskNames) {
    const folder = join(dataDirectory, disk, 'segments');
    for (const name of await readdir(folder).catch(() => [])) {
      bytes += await stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      );
    }
  }
  return bytes;
}

/** What `/-/status` says of a job: its details, and how many steps it has done. */
export type JobFigures = Readonly<Record<string, unknown>>;

/** What `/-/status` says of the bytes of shard files. */
export interface SpaceFigures {
  readonly stored: number;
  readonly live: number;
  readonly dead: number;
  readonly overhead: number;
  /** Bytes of objects, each counted once. */
  readonly objects: number;
}

export interface ServerFigures {
  readonly jobs: ReadonlyMap<string, JobFigures>;
  readonly space: SpaceFigures;
}

/** The id that the server knows the disk at a path by. */
export async function diskId(http: S3Http, path: string): Promise<string> {
  const { disks } = await ask(http, 'disks');
  const found = Array.isArray(disks) ? disks.map(record).find((disk) => disk['path'] === path) : undefined;
  if (!found) throw new Error(`the server has no disk at ${path}`);
  return String(found['id']);
}

export async function serverFigures(http: S3Http): Promise<ServerFigures> {
  const parsed = await ask(http, 'status');
  const jobs = Array.isArray(parsed['jobs']) ? parsed['jobs'].map(record) : [];
  const space = record(parsed['space']);
  return {
    jobs: new Map(jobs.map(({ name, steps, details }) => [String(name), { ...record(details), steps }])),
    space: {
      stored: Number(space['storedBytes']),
      live: Number(space['storedLiveBytes']),
      dead: Number(space['storedDeadBytes']),
      overhead: Number(space['storedOverheadBytes']),
      objects: Number(space['liveBytes']),
    },
  };
}

async function ask(http: S3Http, what: string): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await http.send({ method: 'GET', path: `/-/${what}` });
  if (status !== 200) throw new Error(`/-/${what} answered ${status}`);
  return record(JSON.parse(body.toString()));
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
