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

/** The details of a job, as `/-/status` has them. */
export type JobDetails = Readonly<Record<string, unknown>>;

/** What `/-/status` says of the jobs, by name. */
export async function jobDetails(http: S3Http): Promise<ReadonlyMap<string, JobDetails>> {
  const { status, body } = await http.send({ method: 'GET', path: '/-/status' });
  if (status !== 200) throw new Error(`/-/status answered ${status}`);
  const parsed: unknown = JSON.parse(body.toString());
  const jobs = isRecord(parsed) && Array.isArray(parsed['jobs']) ? parsed['jobs'] : [];
  return new Map(
    jobs.flatMap((job: unknown) =>
      isRecord(job) && isRecord(job['details']) ? [[String(job['name']), job['details']] as const] : [],
    ),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
