/** Growth of what one server is asked: with the number of clients, and with the size of objects. */
import { join } from 'node:path';
import type { Endpoint, RequestSet } from '../load/messages.ts';
import { ServerProcess } from '../server/server-process.ts';
import { type GrowthBench, type GrowthRow, type GrowthTable, paceOf } from './growth-table.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const bucket = 'growth';
const smallKeys = 5_000;

const clientCounts = [1, 4, 16, 64, 256];

interface Size {
  readonly name: string;
  readonly bytes: number;
  readonly keys: number;
  readonly connections: number;
}

const sizes: readonly Size[] = [
  { name: '0', bytes: 0, keys: 2_000, connections: 8 },
  { name: '1 KiB', bytes: kibibyte, keys: 2_000, connections: 8 },
  { name: '16 KiB', bytes: 16 * kibibyte, keys: 1_000, connections: 8 },
  { name: '256 KiB', bytes: 256 * kibibyte, keys: 200, connections: 8 },
  { name: '4 MiB', bytes: 4 * mebibyte, keys: 32, connections: 8 },
  { name: '64 MiB', bytes: 64 * mebibyte, keys: 4, connections: 2 },
  { name: '1 GiB', bytes: 1024 * mebibyte, keys: 1, connections: 1 },
];

export function puts(folder: string, { bytes, keys }: Pick<Size, 'bytes' | 'keys'>): RequestSet {
  const targets = Array.from({ length: keys }, (_, i) => `/${bucket}/${folder}/${String(i).padStart(6, '0')}`);
  return { method: 'PUT', targets, bodyBytes: bytes, isBodySigned: bytes <= 256 * kibibyte };
}

export function getsOf(set: RequestSet): RequestSet {
  return { ...set, method: 'GET', bodyBytes: 0, isBodySigned: true };
}

interface Asked {
  readonly endpoint: Endpoint;
  readonly set: RequestSet;
}

/** Puts every key once. */
async function fill(bench: GrowthBench, asked: Asked, connections: number): Promise<void> {
  await paceOf(bench, asked, { connections, count: asked.set.targets.length });
}

async function putAndGet(bench: GrowthBench, { endpoint, set }: Asked, connections: number) {
  const { seconds } = bench;
  const put = await paceOf(bench, { endpoint, set }, { connections, seconds });
  const get = await paceOf(bench, { endpoint, set: getsOf(set) }, { connections, seconds });
  return { put, get };
}

async function startServer(bench: GrowthBench, name: string): Promise<ServerProcess> {
  return ServerProcess.start({ dataFolder: join(bench.folder, name), buckets: [bucket], isInspected: false });
}

export async function byClients(bench: GrowthBench): Promise<GrowthTable> {
  await using server = await startServer(bench, 'clients');
  const asked = { endpoint: server.endpoint, set: puts('small', { bytes: 4 * kibibyte, keys: smallKeys }) };
  await fill(bench, asked, 32);
  const rows: GrowthRow[] = [];
  for (const count of clientCounts) {
    const { put, get } = await putAndGet(bench, asked, count);
    rows.push({
      size: String(count),
      values: [put.perSecond, put.p50Ms, put.p99Ms, get.perSecond, get.p50Ms, get.p99Ms],
    });
  }
  return {
    title: 'Clients, with objects of 4 KiB',
    headings: ['clients', 'PUT /s', 'p50 ms', 'p99 ms', 'GET /s', 'p50 ms', 'p99 ms'],
    rows,
  };
}

export async function bySize(bench: GrowthBench): Promise<GrowthTable> {
  await using server = await startServer(bench, 'sizes');
  const rows: GrowthRow[] = [];
  for (const size of sizes) {
    const asked = { endpoint: server.endpoint, set: puts(`size-${size.bytes}`, size) };
    await fill(bench, asked, size.connections);
    const { put, get } = await putAndGet(bench, asked, size.connections);
    const mebibytes = size.bytes / mebibyte;
    const values = [put, get].flatMap(({ perSecond, p50Ms }) => [perSecond, perSecond * mebibytes, p50Ms]);
    rows.push({ size: size.name, values: [size.connections, ...values] });
  }
  return {
    title: 'Size of objects',
    headings: ['size', 'clients', 'PUT /s', 'MiB/s', 'p50 ms', 'GET /s', 'MiB/s', 'p50 ms'],
    rows,
  };
}
