import { expect, test } from 'vitest';
import { DeliveryRefused } from './inventory/types.ts';
import { serviceWrites } from './service-writes.ts';
import type { Bucket, Objects, PutRequest } from './types.ts';

/** What a report in a bucket of this default is written with. */
async function encryptionOf(document: object | undefined, encryptsByDefault: boolean): Promise<unknown> {
  const taken: PutRequest[] = [];
  const put = async (request: PutRequest) => taken.push(request);
  const written = serviceWrites({
    buckets: { getConfig: async () => document && JSON.stringify(document) },
    objects: { put } as unknown as Objects,
    encryptsByDefault,
  });
  await written.put({ bucket: { name: 'reports' } as Bucket } as PutRequest);
  return taken[0]?.encryption;
}

test('what S3 itself writes → encrypted as the bucket says, or else as the server has it', async () => {
  expect(await encryptionOf(undefined, false)).toBeUndefined();
  expect(await encryptionOf(undefined, true)).toEqual({ kind: 'SSE-S3' });
  expect(await encryptionOf({ blocked: ['SSE-C'] }, true)).toEqual({ kind: 'SSE-S3' });
  expect(await encryptionOf({ algorithm: 'AES256' }, false)).toEqual({ kind: 'SSE-S3' });
});

test.for(['aws:kms', 'aws:kms:dsse'])('into a bucket whose default is %s → refused', async (algorithm) => {
  await expect(encryptionOf({ algorithm }, true)).rejects.toThrow(DeliveryRefused);
});
