/** Steps that only read, compared with the model, and the comparison of everything that can be read. */
import { expect } from 'vitest';
import { archiveState } from '../support/reference-model.ts';
import type { S3Answer } from '../support/s3-http.ts';
import type { ListingQuery, ObjectName } from '../support/s3-operations.ts';
import { placeOf } from './object-steps.ts';
import { delimiters, prefixes, type ReadStep } from './steps.ts';
import { pickFrom, type Readable, type World } from './world.ts';

export async function performReadStep(world: World, step: ReadStep): Promise<void> {
  switch (step.do) {
    case 'get':
      return getRange(world, step);
    case 'get current':
      return getCurrent(world, placeOf(world, step).name);
    case 'get part list': {
      const found = pickFrom(world.uploads(), step.upload);
      return found && compareParts(world, found);
    }
    case 'list':
    case 'list versions':
    case 'list uploads': {
      const [prefix, delimiter] = [prefixes[step.prefix] ?? '', delimiters[step.delimiter] ?? ''];
      const query = { bucket: world.bucketName(step.bucket), prefix, delimiter, pageSize: step.pageSize };
      return compareListing(world, step.do, query);
    }
  }
}

async function getRange(world: World, step: Extract<ReadStep, { do: 'get' }>): Promise<void> {
  const found = pickFrom(world.readables(), step.pick);
  if (found === undefined) return;
  const { name, content } = found;
  if (content.length === 0) return compareContent(world, found);
  const start = step.start % content.length;
  const last = start + (step.length % (content.length - start));
  const answer = await world.s3.get(name, { range: `bytes=${start}-${last}` });
  expect(answer.status).toBe(206);
  expectBytes(answer, content.subarray(start, last + 1), name);
}

async function getCurrent(world: World, name: ObjectName): Promise<void> {
  const current = world.model(name.bucket).readable(name.key);
  if (current !== undefined) return compareContent(world, { name, version: current, content: current.content });
  expect((await world.s3.get(name)).code).toBe('NoSuchKey');
}

/** Also where they are long, a difference is told in few words. */
export function expectBytes({ body }: S3Answer, content: Buffer, name: ObjectName): void {
  if (body.equals(content)) return;
  const at = body.findIndex((byte, i) => byte !== content[i]);
  expect.fail(`${JSON.stringify(name)}: ${body.length} bytes for ${content.length}, the first wrong one at ${at}`);
}

/** An archive that is not restored is not read. */
async function compareContent(world: World, { name, version, content }: Readable): Promise<void> {
  const fromMs = Date.now();
  const answer = await world.s3.get(name);
  const state = archiveState(version, { fromMs, toMs: Date.now() });
  if (answer.code === 'InvalidObjectState' && state === 'unknown') return;
  const code = state === 'archived' ? 'InvalidObjectState' : '';
  const found = `${JSON.stringify(name)} of ${version.storageClass}, ${answer.status}`;
  expect(answer.code, found).toBe(code);
  if (code !== '') return;
  expect(answer.headers.etag).toBe(`"${version.etag}"`);
  expectBytes(answer, content, name);
}

async function compareParts(world: World, { name, upload }: ReturnType<World['uploads']>[number]): Promise<void> {
  const expected = Array.from(upload.parts, ([number, { content, etag }]) => ({ number, content, etag }))
    .sort((a, b) => a.number - b.number)
    .map(({ number, content, etag }) => `${number} ${content.length} ${etag}`);
  expect(await world.s3.listParts(name)).toEqual(expected);
}

async function compareListing(
  world: World,
  what: 'list' | 'list versions' | 'list uploads',
  query: ListingQuery,
): Promise<void> {
  const model = world.model(query.bucket);
  const { prefix, delimiter } = query;
  const [got, expected] =
    what === 'list'
      ? [await world.s3.list('objects', query), model.list(prefix, delimiter)]
      : what === 'list versions'
        ? [await world.s3.list('versions', query), model.listVersions(prefix, delimiter)]
        : [await world.s3.list('uploads', query), model.listUploads(prefix, delimiter)];
  const isPrefix = (line: string): boolean => line.startsWith('PRE ');
  expect(got).toEqual([...expected.filter((line) => !isPrefix(line)), ...expected.filter(isPrefix)]);
}

/** Everything that the server shows is as the model has it. */
export async function compareAll(world: World): Promise<void> {
  for (const bucket of world.models.keys()) {
    const query = { bucket, prefix: '', delimiter: '', pageSize: 1000 };
    await compareListing(world, 'list', query);
    await compareListing(world, 'list versions', query);
    await compareListing(world, 'list uploads', query);
  }
  for (const readable of world.objects()) {
    await compareContent(world, readable);
    expect(await world.s3.getTag(readable.name)).toBe(readable.version.tag);
  }
  for (const upload of world.uploads()) await compareParts(world, upload);
}
