/** Labels tell a rebuild of the index what was committed: condition → result. */
import { expect, test } from 'vitest';
import type { BlobStore } from '../../src/blob/types.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { bodyOf, EngineStore, plain, storeWith } from '../support/engine-store.ts';

/** The same store, which remembers the labels that it is given. */
function remembering(blobs: BlobStore, labels: unknown[]): BlobStore {
  const remember = (label: Uint8Array): Uint8Array => {
    labels.push(JSON.parse(Buffer.from(label).toString('utf8')));
    return label;
  };
  return storeWith(blobs, {
    place: (bytes, label) => blobs.place(bytes, remember(label)),
    write: (source, label) => blobs.write(source, async () => remember(await label())),
  });
}

const attributes = {
  ...plain,
  headers: { contentType: 'text/plain' },
  metadata: { colour: 'blau ü' },
  tags: [{ key: 'k', value: 'v' }],
};

test('a version, small and large → its label is the version as it was committed', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const labels: { ordinal: number }[] = [];
  const { objects } = createEngine({ clock: store.clock, index: store.index, blobs: remembering(store.blobs, labels) });
  for (const size of [10, store.blobs.placeLimitBytes + 1]) {
    const source = bodyOf(Buffer.alloc(size, 'x'));
    const { isLatest, isDeleteMarker, bucketId, ordinal, ...committed } = await objects.put({
      bucket,
      key: 'k/ü',
      source,
      attributes,
    });
    const label = labels.pop();
    expect(label).toEqual({ v: 1, kind: 'version', bucket: 'bucket', ordinal: label?.ordinal, ...committed });
    expect(Math.sign(ordinal - (label?.ordinal ?? 0))).toBe(size === 10 ? 0 : 1);
  }
  expect(labels).toEqual([]);
});

test('a part, small and large → its label is the part, with what its upload says', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const labels: unknown[] = [];
  const { uploads } = createEngine({ clock: store.clock, index: store.index, blobs: remembering(store.blobs, labels) });
  const upload = await uploads.create({ bucket, key: 'k', attributes, checksumAlgorithm: 'CRC64NVME' });
  for (const size of [10, store.blobs.placeLimitBytes + 1]) {
    const source = bodyOf(Buffer.alloc(size, 'x'));
    const part = await uploads.putPart({ bucket, upload, partNumber: 3, source });
    const { initiatedMs, checksumAlgorithm, checksumType } = upload;
    expect(labels.pop()).toEqual({
      v: 1,
      kind: 'part',
      bucket: 'bucket',
      key: 'k',
      uploadId: upload.uploadId,
      ...part,
      upload: { initiatedMs, attributes, checksumAlgorithm, checksumType },
    });
  }
});
