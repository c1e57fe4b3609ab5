/** Listings against a naive reading of their definition, and what they cost in rows. */
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { databasePath } from '../../src/meta/database.ts';
import { HotRows } from '../../src/meta/hot-rows.ts';
import { Reader } from '../../src/meta/reader.ts';
import { Statements } from '../../src/meta/tables/lazy-statements.ts';
import type { Index, ListQuery } from '../../src/meta/types.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { ATTRIBUTES, createBucket, IndexFixture, names, put } from './index-fixture.ts';

const SEED = 20_260_101;
const PIECES = ['a', 'b', '/', '/', '//', '-', '\u0000', '\n', 'é', '🙂', '\uffff', 'é/'];
const DELIMITERS = ['', '/', '/', '-', '//', 'é', '🙂/'];

let fixture: IndexFixture;
let index: Index;
let bucketId: number;
let ordinal = 0;

beforeAll(async () => {
  fixture = new IndexFixture();
  index = await fixture.open();
  bucketId = await createBucket(index, 'listing');
});
afterAll(async () => {
  await index.close();
  fixture.remove();
});

function randomText(random: SeededRandom, piecesMax: number): string {
  return Array.from({ length: random.below(piecesMax + 1) }, () => random.pick(PIECES)).join('');
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The definition, read naively: all entries in order, each key standing for itself or for its common prefix. */
function naivePage(entries: readonly { key: string; name: string }[], query: ListQuery) {
  const { prefix, delimiter, after, limit } = query;
  const groupOf = (key: string) => {
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    return at < 0 ? undefined : key.slice(0, at + delimiter.length);
  };
  const isGroup = after.startsWith(prefix) && groupOf(after) === after;
  const found: string[] = [];
  for (const { key, name } of entries) {
    if (!key.startsWith(prefix) || compareBytes(key, after) <= 0) continue;
    if (isGroup && key.startsWith(after)) continue;
    const group = groupOf(key);
    if (group === undefined) found.push(name);
    else if (found.at(-1) !== `${group} *`) found.push(`${group} *`);
  }
  return { names: found.slice(0, limit), isTruncated: limit > 0 && found.length > limit };
}

/** A bucket of random keys: some with several versions, some deleted; and uploads. Returns what the model knows. */
async function fill(random: SeededRandom, id: number) {
  const keys = [
    ...new Set(Array.from({ length: 120 }, () => `${random.pick(['a', 'b', 'é'])}${randomText(random, 6)}`)),
  ];
  await index.submit({ type: 'set-versioning', bucketId: id, versioning: 'Enabled' });
  const versions: { key: string; versionId: string; ordinal: number; isMarker: boolean }[] = [];
  const uploads: { key: string; name: string; id: string }[] = [];
  const submits: Promise<unknown>[] = [];
  for (const key of keys) {
    for (let count = 1 + random.below(9); count > 0; count -= 1) {
      ordinal += 1;
      const versionId = `v${ordinal}`;
      const isMarker = random.below(4) === 0;
      const common = { bucketId: id, key, ordinal, lastModifiedMs: 1 };
      if (isMarker) submits.push(index.submit({ type: 'delete-current', ...common, markerId: versionId, owner: 'o' }));
      else submits.push(index.submit(put(id, key, ordinal, { versionId })));
      versions.push({ key, versionId, ordinal, isMarker });
    }
    for (let count = random.below(3); count > 0; count -= 1) {
      ordinal += 1;
      const uploadId = `u${random.below(1000)}-${ordinal}`;
      const upload = { bucketId: id, key, uploadId, initiatedMs: 1, attributes: ATTRIBUTES };
      submits.push(index.submit({ type: 'create-upload', ...upload }));
      uploads.push({ key, name: `${key} ${uploadId}`, id: uploadId });
    }
  }
  await Promise.all(submits);
  versions.sort((a, b) => compareBytes(a.key, b.key) || b.ordinal - a.ordinal);
  uploads.sort((a, b) => compareBytes(a.key, b.key) || compareBytes(a.id, b.id));
  const all = versions.map(({ key, versionId }) => ({ key, name: `${key} ${versionId}` }));
  const newest = versions.filter((version, i) => versions[i - 1]?.key !== version.key);
  const current = newest
    .filter(({ isMarker }) => !isMarker)
    .map(({ key, versionId }) => ({ key, name: `${key} ${versionId}` }));
  return { keys, all, current, uploads };
}

function randomQuery(random: SeededRandom, id: number, keys: readonly string[]): ListQuery {
  const prefix = random.below(3) === 0 ? '' : random.pick(keys).slice(0, random.below(4));
  const somewhere = [() => '', () => random.pick(keys), () => randomText(random, 3), () => `${random.pick(keys)}/`];
  const query = { bucketId: id, delimiter: random.pick(DELIMITERS), limit: 1 + random.below(random.pick([3, 1000])) };
  return { ...query, prefix: prefix.toWellFormed(), after: random.pick(somewhere)().toWellFormed() };
}

test(`random keys, prefixes, delimiters and starts → the page the definition gives (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED);
  const { keys, all, current, uploads } = await fill(random, bucketId);
  for (let i = 0; i < 400; i++) {
    const query = randomQuery(random, bucketId, keys);
    const hint = JSON.stringify(query);
    const objects = await index.listObjects(query);
    expect({ names: names(objects), isTruncated: objects.isTruncated }, hint).toEqual(naivePage(current, query));
    const versions = await index.listVersions({ ...query, afterVersionId: '' });
    expect({ names: names(versions), isTruncated: versions.isTruncated }, hint).toEqual(naivePage(all, query));
    const found = await index.listUploads({ ...query, afterUploadId: '' });
    expect({ names: names(found), isTruncated: found.isTruncated }, hint).toEqual(naivePage(uploads, query));
  }
});

test(`paging with every limit → each entry once, in order (seed ${SEED + 1})`, async () => {
  const random = new SeededRandom(SEED + 1);
  const id = await createBucket(index, 'paging');
  const { all, uploads } = await fill(random, id);
  for (const delimiter of ['', '/']) {
    for (const limit of [1, 2, 7, 1000]) {
      const query = { bucketId: id, prefix: '', delimiter, limit, after: '' };
      const whole = { ...query, limit: 100_000 };
      expect(await pageVersions(query)).toEqual(naivePage(all, whole).names);
      expect(await pageUploads(query)).toEqual(naivePage(uploads, whole).names);
    }
  }
});

async function pageVersions(query: ListQuery): Promise<string[]> {
  const found: string[] = [];
  let from = { after: '', afterVersionId: '' };
  for (;;) {
    const page = await index.listVersions({ ...query, ...from });
    found.push(...names(page));
    const last = page.entries.at(-1);
    if (!page.isTruncated || last === undefined) return found;
    from =
      last.kind === 'prefix'
        ? { after: last.prefix, afterVersionId: '' }
        : { after: last.version.key, afterVersionId: last.version.versionId };
  }
}

async function pageUploads(query: ListQuery): Promise<string[]> {
  const found: string[] = [];
  let from = { after: '', afterUploadId: '' };
  for (;;) {
    const page = await index.listUploads({ ...query, ...from });
    found.push(...names(page));
    const last = page.entries.at(-1);
    if (!page.isTruncated || last === undefined) return found;
    from =
      last.kind === 'prefix'
        ? { after: last.prefix, afterUploadId: '' }
        : { after: last.upload.key, afterUploadId: last.upload.uploadId };
  }
}

test('limit 0 → an empty page that is not truncated', async () => {
  const query = { bucketId, prefix: '', delimiter: '', after: '', limit: 0 };
  expect(await index.listObjects(query)).toEqual({ entries: [], isTruncated: false });
});

test('the first row of a key on a page → isLatest, also when the page begins inside the key', async () => {
  const id = await createBucket(index, 'latest');
  await index.submit({ type: 'set-versioning', bucketId: id, versioning: 'Enabled' });
  for (const versionId of ['v1', 'v2', 'v3']) await index.submit(put(id, 'key', ++ordinal, { versionId }));
  const query = { bucketId: id, prefix: '', delimiter: '', after: '', limit: 2 };
  const flags = (page: Awaited<ReturnType<Index['listVersions']>>) =>
    page.entries.map((entry) => entry.kind === 'version' && entry.version.isLatest);
  expect(flags(await index.listVersions({ ...query, afterVersionId: '' }))).toEqual([true, false]);
  expect(flags(await index.listVersions({ ...query, after: 'key', afterVersionId: 'v3' }))).toEqual([false, false]);
});

/** A reader whose rows are counted as SQLite hands them over. */
function countingReader() {
  const db = new Database(databasePath(fixture.zonePath('north')), { readonly: true });
  const count = { rows: 0 };
  const prepare = db.prepare.bind(db);
  db.prepare = ((sql: string) => {
    const statement = prepare(sql);
    const iterate = statement.iterate.bind(statement);
    statement.iterate = function* counted(...values: unknown[]) {
      for (const row of iterate(...values)) {
        count.rows += 1;
        yield row;
      }
    };
    return statement;
  }) as typeof db.prepare;
  return { db, count, reader: new Reader(new Statements(db), new HotRows()) };
}

test('10,000 keys under one common prefix, 2,000 versions of one key → a seek each, not a scan', async () => {
  const id = await createBucket(index, 'cost');
  await index.submit({ type: 'set-versioning', bucketId: id, versioning: 'Enabled' });
  const submits: Promise<void>[] = [];
  for (let i = 0; i < 10_000; i++)
    submits.push(index.submit(put(id, `a/${i}`, ++ordinal, { versionId: `v${ordinal}` })));
  for (let i = 0; i < 2_000; i++) submits.push(index.submit(put(id, 'many', ++ordinal, { versionId: `v${ordinal}` })));
  submits.push(index.submit(put(id, 'z', ++ordinal, { versionId: `v${ordinal}` })));
  await Promise.all(submits);

  const { db, count, reader } = countingReader();
  const query = { bucketId: id, prefix: '', delimiter: '/', after: '', limit: 1000 };
  const page = await reader.listObjects(query);
  expect(names(page).map((name) => name.split(' ')[0])).toEqual(['a/', 'many', 'z']);
  expect(count.rows).toBeLessThan(12);

  count.rows = 0;
  await reader.listObjects({ ...query, after: 'a/' });
  expect(count.rows).toBeLessThan(12);

  count.rows = 0;
  await reader.listVersions({ ...query, prefix: 'm', limit: 10, after: 'many', afterVersionId: `v${ordinal - 1000}` });
  expect(count.rows).toBe(11);
  db.close();
});
