/**
 * A snapshot of the index in a zone's folder: `<sequence>.snapshot`, a whole index database, and beside it
 * `<sequence>.snapshot.json`, which says what it holds. The second is written last and removed first: it is what makes
 * the first a snapshot. docs/LOG.md describes both.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { renameDurably, syncFolder, writeDurably } from '../../lib/durable-files.ts';
import { type DatabaseFacts, ForeignIndex, indexFolder } from '../database.ts';

const SIDECAR = /^(\d{20})\.snapshot\.json$/;
const SNAPSHOT = /^\d{20}\.snapshot(\.json)?$/;
/** What was being made, and what SQLite has beside a database that it makes. */
const DRAFT = /\.draft(-journal)?$/;
const FORMAT = 1;

/** What a snapshot file holds, and what it must look like. */
export interface SnapshotFacts extends DatabaseFacts {
  readonly sizeBytes: number;
  /** SHA-256 of the file, hex. */
  readonly digest: string;
}

/** A zone's folder, and the cluster that it belongs to; left out, any will do. */
export interface Owner {
  readonly zonePath: string;
  readonly clusterId?: string;
}

export interface Snapshot extends SnapshotFacts {
  readonly path: string;
}

export function snapshotPath(zonePath: string, sequence: number): string {
  return join(indexFolder(zonePath), `${sequence.toString().padStart(20, '0')}.snapshot`);
}

/** Where a zone's next snapshot is made. */
export function snapshotDraft(zonePath: string): string {
  return join(indexFolder(zonePath), 'snapshot.draft');
}

/** Gives back the space of a snapshot that could not be finished. */
export async function removeDraft(zonePath: string): Promise<void> {
  for (const suffix of ['', '-journal']) await rm(snapshotDraft(zonePath) + suffix, { force: true });
}

/**
 * The newest snapshot of a zone whose file is there in its full length; its bytes are not looked at. Throws ForeignIndex
 * if it is another cluster's.
 */
export async function findSnapshot({ zonePath, clusterId }: Owner): Promise<Snapshot | undefined> {
  const folder = indexFolder(zonePath);
  const names = existsSync(folder) ? (await readdir(folder)).sort().toReversed() : [];
  for (const name of names.filter((candidate) => SIDECAR.test(candidate))) {
    const path = join(folder, name.slice(0, -'.json'.length));
    const facts = decodeSidecar(await readFile(join(folder, name), 'utf8'));
    if (facts === undefined || (await sizeOf(path)) !== facts.sizeBytes) continue;
    if (clusterId !== undefined && facts.clusterId !== clusterId) {
      throw new ForeignIndex(`${path} belongs to cluster ${facts.clusterId}, not ${clusterId}.`);
    }
    return { ...facts, path };
  }
  return undefined;
}

async function sizeOf(path: string): Promise<number> {
  return existsSync(path) ? (await stat(path)).size : -1;
}

/** Makes a synced draft the zone's snapshot, and removes the one that was. */
export async function publishSnapshot(zonePath: string, facts: SnapshotFacts): Promise<Snapshot> {
  const path = snapshotPath(zonePath, facts.applied.sequence);
  await renameDurably({ from: snapshotDraft(zonePath), to: path });
  await writeDurably(`${path}.json`, [encodeSidecar(facts)]);
  await tidySnapshots(zonePath, path);
  return { ...facts, path };
}

/** Makes a snapshot none: it is damaged. */
export async function discardSnapshot(snapshot: Snapshot): Promise<void> {
  await rm(`${snapshot.path}.json`, { force: true });
  await syncFolder(dirname(snapshot.path));
  await rm(snapshot.path, { force: true });
}

/** Removes all snapshots of a zone but one, and what was being made. */
export async function tidySnapshots(zonePath: string, keep: string | undefined): Promise<void> {
  const folder = indexFolder(zonePath);
  if (!existsSync(folder)) return;
  const names = (await readdir(folder)).filter((name) => SNAPSHOT.test(name) || DRAFT.test(name));
  const superseded = names.map((name) => join(folder, name)).filter((path) => path !== keep && path !== `${keep}.json`);
  if (superseded.length === 0) return;
  // A file without its description is no snapshot; the other way round would be a snapshot that is not whole.
  for (const path of superseded.toSorted((a, b) => Number(b.endsWith('.json')) - Number(a.endsWith('.json')))) {
    await rm(path, { force: true });
  }
  await syncFolder(folder);
}

/** Makes the folder that snapshots and the database lie in. */
export async function makeIndexFolder(zonePath: string): Promise<void> {
  if (existsSync(indexFolder(zonePath))) return;
  await mkdir(indexFolder(zonePath));
  await syncFolder(zonePath);
}

function encodeSidecar(facts: SnapshotFacts): string {
  const { clusterId, schema, applied, sizeBytes, digest } = facts;
  const { sequence, checksum, position } = applied;
  const text = JSON.stringify({
    format: FORMAT,
    clusterId,
    schema,
    sequence,
    checksum,
    ...position,
    sizeBytes,
    digest,
  });
  return `${text}\n${crc32(text)}\n`;
}

/** Undefined if the text is not what `encodeSidecar` wrote. */
function decodeSidecar(content: string): SnapshotFacts | undefined {
  const [text = '', check] = content.split('\n');
  if (check !== String(crc32(text))) return undefined;
  const value: Readonly<Record<string, unknown>> = { ...JSON.parse(text) };
  const number = (name: string): number => {
    if (!Number.isSafeInteger(value[name])) throw new Error(`A snapshot's description lacks ${name}: ${text}`);
    return Number(value[name]);
  };
  if (value['format'] !== FORMAT) {
    throw new Error(`A snapshot of the index has format ${String(value['format'])}; this program knows ${FORMAT}.`);
  }
  const position = { file: number('file'), offset: number('offset') };
  return {
    clusterId: String(value['clusterId']),
    schema: number('schema'),
    applied: { sequence: number('sequence'), checksum: number('checksum'), position },
    sizeBytes: number('sizeBytes'),
    digest: String(value['digest']),
  };
}
