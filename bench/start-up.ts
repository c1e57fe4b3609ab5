/**
 * How long a start takes with an index that was filled by its own commands, so that its log, its snapshots and all of its
 * tables are as a server with as many objects has them; the blobs alone are made up. Beside it a start with none:
 *
 *     node bench/start-up.ts [--objects 1000000] [--rounds 5]
 *
 * `npm run bench` has a start too, in a fraction of the time: with one table that is large, and no log.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { PutVersion } from '../src/meta/commands.ts';
import { openIndex } from '../src/meta/index-store.ts';
import type { Index } from '../src/meta/types.ts';
import { median } from './report/statistics.ts';
import { cpuSeconds } from './server/process-figures.ts';
import { ServerProcess } from './server/server-process.ts';

const zoneNames = ['zone-a', 'zone-b', 'zone-c'] as const;
/** Commands that are submitted before the first of them is waited for. */
const submittedAtOnce = 2000;
const objectsPerSegment = 10_000;
const objectBytes = 4096;

export interface StartUpFigures {
  /** Medians, from the spawn of the process until it serves. */
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Starts a server by turns on a folder with so many objects and on one without. */
export async function measureStartUp(
  objects: number,
  rounds: number,
): Promise<{ full: StartUpFigures; empty: StartUpFigures }> {
  const folder = mkdtempSync(join(tmpdir(), 'ninefold-start-up-'));
  try {
    const [empty, full] = ['empty', 'full'].map((name) => join(folder, name));
    if (empty === undefined || full === undefined) throw new Error('two folders are needed');
    for (const data of [empty, full]) {
      mkdirSync(data);
      // What a first start makes is there in both.
      await start(data);
    }
    await fillIndex(full, objects);
    // What it makes of the filled index once, such as a snapshot, is not measured.
    await start(full);
    const figures: { full: StartUpFigures[]; empty: StartUpFigures[] } = { full: [], empty: [] };
    for (let round = 0; round < rounds; round++) {
      figures.empty.push(await start(empty));
      figures.full.push(await start(full));
    }
    return { full: medians(figures.full), empty: medians(figures.empty) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function start(dataFolder: string): Promise<StartUpFigures> {
  const startMs = performance.now();
  await using server = await ServerProcess.start({ dataFolder, buckets: [], isInspected: false });
  const wallMs = performance.now() - startMs;
  return { wallMs, cpuMs: ((await cpuSeconds(server.pid)) ?? Number.NaN) * 1000 };
}

function medians(figures: readonly StartUpFigures[]): StartUpFigures {
  return { wallMs: median(figures.map(({ wallMs }) => wallMs)), cpuMs: median(figures.map(({ cpuMs }) => cpuMs)) };
}

async function fillIndex(dataFolder: string, objects: number): Promise<void> {
  const zones = zoneNames.map((name) => ({ name, path: join(dataFolder, name) }));
  const identity = await readFile(join(dataFolder, zoneNames[0], 'ninefold-zone.json'), 'utf8');
  const { clusterId } = z.object({ clusterId: z.string() }).parse(JSON.parse(identity));
  const index = await openIndex({ zones, clusterId, alongside: async () => undefined, isIntact: async () => true });
  try {
    const bucketId = await createBucket(index, 'full');
    const firstOrdinal = index.lastOrdinal() + 1;
    for (let first = 0; first < objects; first += submittedAtOnce) {
      const numbers = Array.from({ length: Math.min(submittedAtOnce, objects - first) }, (_, i) => first + i);
      await Promise.all(numbers.map((n) => index.submit(putObject(bucketId, n, firstOrdinal + n))));
      if ((first / submittedAtOnce) % 50 === 0) while ((await index.upkeep.step()) === 'busy');
    }
    // The last record must name no blob that the server would look for.
    await createBucket(index, 'last');
  } finally {
    await index.close();
  }
}

async function createBucket(index: Index, name: string): Promise<number> {
  const command = { type: 'create-bucket', name, region: 'us-east-1', owner: 'owner', createdMs: 1 } as const;
  return (await index.submit(command)).bucketId;
}

function putObject(bucketId: number, n: number, ordinal: number): PutVersion {
  const segment = Math.floor(n / objectsPerSegment)
    .toString(16)
    .padStart(32, '0');
  const offset = (n % objectsPerSegment) * 1024;
  const extents = [{ segment, offset, unit: 688, start: 0, length: objectBytes }];
  return {
    type: 'put-version',
    bucketId,
    key: `directory-${Math.floor(n / 1000)}/object-${n}`,
    versionId: 'null',
    ordinal,
    lastModifiedMs: 1_800_000_000_000 + n,
    size: objectBytes,
    etag: n.toString(16).padStart(32, '0'),
    attributes: { owner: 'owner', storageClass: 'STANDARD', headers: {}, metadata: {}, tags: [] },
    content: { kind: 'new', location: { size: objectBytes, extents, writeId: n.toString(16).padStart(32, '0') } },
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { objects: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '5' } },
  });
  const { full, empty } = await measureStartUp(Number(values.objects), Number(values.rounds));
  const line = (what: string, { wallMs, cpuMs }: StartUpFigures): string =>
    `${what.padEnd(20)}${wallMs.toFixed(0).padStart(8)} ms ${cpuMs.toFixed(0).padStart(8)} ms of processor time`;
  console.log(line(`${values.objects} objects`, full));
  console.log(line('none', empty));
  console.log(
    `ratio ${(full.wallMs / empty.wallMs).toFixed(2)}, of processor time ${(full.cpuMs / empty.cpuMs).toFixed(2)}`,
  );
}
