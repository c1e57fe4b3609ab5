/** Growth of what a server holds: with the number of objects in the index, and with the number of disks. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalQuery } from '../load/signed-head.ts';
import { ServerProcess } from '../server/server-process.ts';
import { keyOf, makeMillionKeys, millionBucket } from '../works/million-keys.ts';
import { type GrowthBench, type GrowthRow, type GrowthTable, paceOf } from './growth-table.ts';
import { getsOf, puts } from './request-tables.ts';

const keyCounts = [1_000, 100_000, 1_000_000];
const diskCounts = [9, 18, 36];
const zones = ['a', 'b', 'c'];
const objectBytes = 4096;
const connections = 8;
/** Keys that are asked for, spread evenly over all. */
const asked = 1_000;

export async function byKeys(bench: GrowthBench): Promise<GrowthTable> {
  const rows: GrowthRow[] = [];
  for (const count of keyCounts) rows.push(await withKeys(bench, count));
  return {
    title: `Objects in the index, with ${connections} clients; pages of 1,000 keys one after the other`,
    headings: ['objects', 'start ms', 'PUT /s', 'p50 ms', 'GET /s', 'p50 ms', 'page p50 ms'],
    rows,
  };
}

async function withKeys(bench: GrowthBench, count: number): Promise<GrowthRow> {
  const { load, folder, seconds } = bench;
  const dataFolder = join(folder, `keys-${count}`);
  await makeMillionKeys(load, { dataFolder, buckets: [], count, objectBytes });
  const startMs = performance.now();
  await using server = await ServerProcess.start({ dataFolder, buckets: [], isInspected: false });
  const startedMs = performance.now() - startMs;
  const { endpoint } = server;
  const keys = Array.from({ length: asked }, (_, i) => keyOf(Math.floor((i * count) / asked)));
  const gets = { method: 'GET', bodyBytes: 0, isBodySigned: true } as const;
  const objects = { ...gets, targets: keys.map((key) => `/${millionBucket}/${key}`) };
  const pages = { ...gets, targets: pageTargets(count) };
  const get = await paceOf(bench, { endpoint, set: objects }, { connections, seconds });
  const page = await paceOf(bench, { endpoint, set: pages }, { connections: 1, seconds });
  const put = await paceOf(
    bench,
    { endpoint, set: { ...objects, method: 'PUT', bodyBytes: objectBytes } },
    { connections, seconds },
  );
  return {
    size: count.toLocaleString('en-US'),
    values: [startedMs, put.perSecond, put.p50Ms, get.perSecond, get.p50Ms, page.p50Ms],
  };
}

/** Whole pages, all over the bucket as far as there are that many. */
function pageTargets(count: number): readonly string[] {
  const starts = new Set(Array.from({ length: 64 }, (_, i) => Math.floor((i * (count - 1000)) / 64)));
  return [...starts].map((start) => {
    const after = start === 0 ? {} : { 'start-after': keyOf(start - 1) };
    return `/${millionBucket}?${canonicalQuery({ 'list-type': '2', ...after })}`;
  });
}

export async function byDisks(bench: GrowthBench): Promise<GrowthTable> {
  const rows: GrowthRow[] = [];
  for (const count of diskCounts) rows.push(await withDisks(bench, count));
  return {
    title: 'Disks, in three zones',
    headings: ['disks', 'start ms', 'PUT 4 KiB /s', 'GET 4 KiB /s', 'PUT 64 MiB, MiB/s', 'GET 64 MiB, MiB/s'],
    rows,
  };
}

async function withDisks(bench: GrowthBench, count: number): Promise<GrowthRow> {
  const { folder, seconds } = bench;
  const dataFolder = join(folder, `disks-${count}`);
  mkdirSync(dataFolder);
  const configPath = join(folder, `disks-${count}.yaml`);
  writeFileSync(configPath, configOf(dataFolder, count));
  const options = { dataFolder, buckets: ['growth'], isInspected: false, configPath };
  // What a first start makes is none of the growth.
  await ServerProcess.start(options).then((first) => first[Symbol.asyncDispose]());
  const startMs = performance.now();
  await using server = await ServerProcess.start(options);
  const startedMs = performance.now() - startMs;
  const { endpoint } = server;
  const small = puts('small', { bytes: objectBytes, keys: asked });
  const large = puts('large', { bytes: 64 * 1024 * 1024, keys: 2 });
  const paces: number[] = [];
  for (const [set, clients, factor] of [
    [small, connections, 1],
    [large, 1, 64],
  ] as const) {
    const put = await paceOf(bench, { endpoint, set }, { connections: clients, seconds });
    await paceOf(bench, { endpoint, set }, { connections: clients, count: set.targets.length });
    const get = await paceOf(bench, { endpoint, set: getsOf(set) }, { connections: clients, seconds });
    paces.push(put.perSecond * factor, get.perSecond * factor);
  }
  return { size: String(count), values: [startedMs, ...paces] };
}

/** JSON is YAML. */
function configOf(dataFolder: string, disks: number): string {
  const perZone = disks / zones.length;
  return JSON.stringify({
    zones: zones.map((name) => {
      const path = join(dataFolder, `zone-${name}`);
      return {
        name: `zone-${name}`,
        path,
        disks: Array.from({ length: perZone }, (_, i) => join(path, `disk-${i + 1}`)),
      };
    }),
  });
}
