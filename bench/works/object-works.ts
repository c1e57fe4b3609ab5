/** PutObject and GetObject of small, medium and large objects. Aims are those of the design, or derived from its peers. */
import type { RequestSet } from '../load/messages.ts';
import type { Aim } from '../report/figure.ts';
import type { Site, Stage, Work } from '../work.ts';
import { type LoadWork, loadWork } from './load-work.ts';
import { constantMeter, fileMeter, groupCommitMeter, md5Meter } from './meters.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** Objects of one size, written over and over or read in turn. */
interface ObjectSize {
  readonly stage: Stage;
  readonly bytes: number;
  readonly keys: number;
  /** For filling. */
  readonly connections: number;
  /** Clients sign small bodies; over large ones a hash would only be a second ceiling beside MD5. */
  readonly isBodySigned: boolean;
}

const small: ObjectSize = { stage: 'small', bytes: 4 * kibibyte, keys: 10_000, connections: 32, isBodySigned: true };
const medium: ObjectSize = { stage: 'medium', bytes: mebibyte, keys: 32, connections: 8, isBodySigned: false };
const large: ObjectSize = { stage: 'large', bytes: 256 * mebibyte, keys: 2, connections: 1, isBodySigned: false };

function targets(bucket: string, { keys }: ObjectSize): readonly string[] {
  const digits = (value: number, length: number): string => String(value).padStart(length, '0');
  return Array.from({ length: keys }, (_, i) => `/${bucket}/${digits(i % 100, 2)}/${digits(i, 6)}`);
}

function puts(bucket: string, size: ObjectSize): RequestSet {
  const { bytes: bodyBytes, isBodySigned } = size;
  return { method: 'PUT', targets: targets(bucket, size), bodyBytes, isBodySigned };
}

function gets(bucket: string, size: ObjectSize): RequestSet {
  return { method: 'GET', targets: targets(bucket, size), bodyBytes: 0, isBodySigned: true };
}

async function fill(site: Site, size: ObjectSize): Promise<void> {
  const set = puts(site.bucket, size);
  site.willWrite(set);
  await site.fill(set, size.connections);
}

/** Reads of small objects, and what makes these. */
export function smallGets(bucket: string): RequestSet {
  return gets(bucket, small);
}

export function fillSmall(site: Site): Promise<void> {
  return fill(site, small);
}

function smallPut(connections: number, aim: Aim): Work {
  return loadWork({
    name: `put-4k-${connections}`,
    title: `PUT 4 KiB, ${clients(connections)}`,
    ...shared(small, connections),
    unit: 'per s',
    aim,
    requests: (bucket) => puts(bucket, small),
    limit: (bench) => groupCommitMeter(bench, connections),
  });
}

function smallGet(connections: number, aim: Aim): Work {
  return loadWork({
    name: `get-4k-${connections}`,
    title: `GET 4 KiB, ${clients(connections)}`,
    ...shared(small, connections),
    unit: 'per s',
    aim,
    requests: (bucket) => gets(bucket, small),
    prepare: (site) => fill(site, small),
    limit: (bench, site) => constantMeter(bench, { set: gets(site.bucket, small), connections }),
  });
}

function put(size: ObjectSize, naming: { name: string; title: string }, aim: Aim): Work {
  return loadWork({
    ...naming,
    ...shared(size, size.connections),
    unit: 'MiB/s',
    aim,
    requests: (bucket) => puts(bucket, size),
    limit: md5Meter,
  });
}

function get(size: ObjectSize, naming: { name: string; title: string }, aim: Aim): Work {
  const { connections, bytes } = size;
  return loadWork({
    ...naming,
    ...shared(size, connections),
    unit: 'MiB/s',
    aim,
    requests: (bucket) => gets(bucket, size),
    prepare: (site) => fill(site, size),
    limit: (bench, site) => fileMeter(bench, { set: gets(site.bucket, size), connections, bytes }),
  });
}

function shared(
  { stage, bytes }: ObjectSize,
  connections: number,
): Pick<LoadWork, 'stage' | 'connections' | 'requestBytes'> {
  return { stage, connections, requestBytes: bytes };
}

function clients(count: number): string {
  return count === 1 ? '1 client' : `${count} clients`;
}

export const objectWorks: readonly Work[] = [
  smallPut(1, { ratio: 0.5 }),
  smallPut(8, { ratio: 0.5 }),
  smallPut(32, { ratio: 0.5 }),
  smallGet(1, { ratio: 0.2 }),
  smallGet(32, { ratio: 0.35 }),
  put(medium, { name: 'put-1m-8', title: 'PUT 1 MiB, 8 clients' }, { ratio: 0.7 }),
  get(medium, { name: 'get-1m-8', title: 'GET 1 MiB, 8 clients' }, { ratio: 0.5 }),
  put(large, { name: 'put-256m', title: 'PUT 256 MiB, one stream' }, { ratio: 0.85 }),
  get(large, { name: 'get-256m', title: 'GET 256 MiB, one stream' }, { ratio: 0.5 }),
];
