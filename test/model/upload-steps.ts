/** Steps of multipart uploads, done on the server and on the model. */
import { expect } from 'vitest';
import { type ListedParts, type ModelUpload, md5Hex } from '../support/reference-model.ts';
import { element, etagOf } from '../support/s3-operations.ts';
import { bytesOf, inClass, newVersionId, placeOf } from './object-steps.ts';
import type { UploadStep } from './steps.ts';
import { pickFrom, type World } from './world.ts';

type Named<T extends UploadStep['do']> = Extract<UploadStep, { do: T }>;

export async function performUploadStep(world: World, step: UploadStep): Promise<void> {
  switch (step.do) {
    case 'create upload':
      return create(world, step);
    case 'put part':
      return putPart(world, step);
    case 'copy part':
      return copyPart(world, step);
    case 'complete':
      return complete(world, step);
    case 'complete again':
      return completeAgain(world, step.pick);
    case 'abort':
      return abort(world, step.upload);
  }
}

async function create(world: World, step: Named<'create upload'>): Promise<void> {
  const { name, model } = placeOf(world, step);
  const { storageClass } = step;
  const { answer, made } = await world.timed(() => world.s3.createUpload(name, inClass(storageClass)));
  if (answer === undefined) return;
  expect(answer.code).toBe('');
  const uploadId = element(answer.body.toString(), 'UploadId');
  model.uploads.set(uploadId, { key: name.key, storageClass, made, parts: new Map() });
}

async function putPart(world: World, { upload: pick, number, content }: Named<'put part'>): Promise<void> {
  const found = pickFrom(world.uploads(), pick);
  if (found === undefined) return;
  const bytes = bytesOf(content);
  const answer = await world.write(() => world.s3.putPart(found.name, number, bytes));
  if (answer === undefined) return;
  expect(answer.code).toBe('');
  const etag = md5Hex(bytes);
  expect(answer.headers.etag).toBe(`"${etag}"`);
  found.upload.parts.set(number, { content: bytes, etag });
}

async function copyPart(world: World, { upload: pick, number, from }: Named<'copy part'>): Promise<void> {
  const found = pickFrom(world.uploads(), pick);
  const source = pickFrom(world.readables(), from);
  if (found === undefined || source === undefined) return;
  const answer = await world.write(() => world.s3.copyPart(found.name, number, source.name));
  if (answer === undefined) return;
  expect(answer.code).toBe('');
  const etag = md5Hex(source.content);
  expect(etagOf(answer.body.toString())).toBe(etag);
  found.upload.parts.set(number, { content: source.content, etag });
}

/** What a client lists of the parts that it has put. */
function listedParts({ parts }: ModelUpload, how: Named<'complete'>['how']): ListedParts {
  const all = Array.from(parts, ([number, { etag }]) => ({ number, etag })).sort((a, b) => a.number - b.number);
  if (how === 'some') return all.slice(-1);
  if (how === 'reversed') return all.toReversed();
  return how === 'all' ? all : all.map(({ number }) => ({ number, etag: md5Hex(Buffer.of(number)) }));
}

async function complete(world: World, { upload: pick, how }: Named<'complete'>): Promise<void> {
  const found = pickFrom(world.uploads(), pick);
  if (found === undefined || found.upload.parts.size === 0) return;
  const { name, upload } = found;
  const model = world.model(name.bucket);
  const parts = listedParts(upload, how);
  const expected = model.complete(name.uploadId, parts);
  const { answer, made: placed } = await world.timed(() => world.s3.complete(name, parts));
  if (answer === undefined) return;
  if (typeof expected === 'string') return expect(answer.code).toBe(expected);
  expect(answer.code).toBe('');
  expect(etagOf(answer.body.toString())).toBe(expected.etag);
  const versionId = newVersionId(world, name.bucket, answer);
  model.uploads.delete(name.uploadId);
  // It is as old as its upload, and what it hides was current until now.
  const { storageClass, made } = upload;
  const times = { made, placed };
  model.add(upload.key, { versionId, ...expected, tag: undefined, storageClass, ...times, uploadId: name.uploadId });
  world.completed.push({ name, parts: [...parts] });
}

/** As a client does that has missed the answer: it is told the same, as long as the version is there. */
async function completeAgain(world: World, pick: number): Promise<void> {
  const found = pickFrom(world.completed, pick);
  if (found === undefined) return;
  const { name, parts } = found;
  const versions = world.model(name.bucket).keys.get(name.key) ?? [];
  const version = versions.find(({ uploadId }) => uploadId === name.uploadId);
  const answer = await world.write(() => world.s3.complete(name, parts));
  if (answer === undefined) return;
  expect(answer.code).toBe(version === undefined ? 'NoSuchUpload' : '');
  if (version !== undefined) expect(etagOf(answer.body.toString())).toBe(version.etag);
}

async function abort(world: World, pick: number): Promise<void> {
  const found = pickFrom(world.uploads(), pick);
  if (found === undefined) return;
  const answer = await world.write(() => world.s3.abort(found.name));
  if (answer === undefined) return;
  expect(answer.status).toBe(204);
  world.model(found.name.bucket).uploads.delete(found.name.uploadId);
}
