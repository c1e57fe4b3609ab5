import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ChecksumAlgorithm } from '../lib/digests/algorithms.ts';
import { digest, digestGiven, openDigester } from '../lib/digests/digester.ts';
import type { Part, Upload } from '../meta/records.ts';
import { fullObjectChecksum, isMd5, multipartChecksum, multipartEtag } from './checksums.ts';

const functions = { open: openDigester, digest, digestGiven };
const texts = ['first part, ', 'second', ', and the last'];

const plainUpload: Upload = {
  uploadId: 'u',
  bucketId: 1,
  key: 'k',
  initiatedMs: 0,
  attributes: { owner: 'o', storageClass: 'STANDARD', headers: {}, metadata: {}, tags: [] },
};

async function partsWith(...algorithms: ChecksumAlgorithm[]): Promise<Part[]> {
  return Promise.all(
    texts.map(async (text, i) => {
      const algorithm = algorithms[i % algorithms.length] ?? 'CRC32';
      const digests = await digest(new Set([algorithm]), Buffer.from(text));
      const checksum = fullObjectChecksum(digests, algorithm);
      return { partNumber: i + 1, size: text.length, etag: '', lastModifiedMs: 0, checksum };
    }),
  );
}

test('ETag of a multipart object → MD5 of the parts’ MD5s and their number', async () => {
  const md5s = texts.map((text) => createHash('md5').update(text).digest());
  const expected = `${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-3`;
  expect(
    await multipartEtag(
      functions,
      md5s.map((md5) => md5.toString('hex')),
    ),
  ).toBe(expected);
  expect(isMd5(expected)).toBe(false);
});

test('FULL_OBJECT → the CRC of the concatenated bytes', async () => {
  const upload: Upload = { ...plainUpload, checksumAlgorithm: 'CRC32', checksumType: 'FULL_OBJECT' };
  const expected = Buffer.alloc(4);
  expected.writeUInt32BE(crc32(texts.join('')));
  expect(await multipartChecksum(functions, upload, await partsWith('CRC32'))).toEqual({
    algorithm: 'CRC32',
    type: 'FULL_OBJECT',
    value: expected.toString('base64'),
  });
});

test('COMPOSITE → the digest of the parts’ digests and their number', async () => {
  const upload: Upload = { ...plainUpload, checksumAlgorithm: 'SHA256', checksumType: 'COMPOSITE' };
  const digests = texts.map((text) => createHash('sha256').update(text).digest());
  expect(await multipartChecksum(functions, upload, await partsWith('SHA256'))).toEqual({
    algorithm: 'SHA256',
    type: 'COMPOSITE',
    value: `${createHash('sha256').update(Buffer.concat(digests)).digest('base64')}-3`,
  });
});

test('no algorithm named → CRC64NVME of the whole where every part has one, else none', async () => {
  const whole = await digest(new Set(['CRC64NVME']), Buffer.from(texts.join('')));
  expect(await multipartChecksum(functions, plainUpload, await partsWith('CRC64NVME'))).toEqual(
    fullObjectChecksum(whole, 'CRC64NVME'),
  );
  expect(await multipartChecksum(functions, plainUpload, await partsWith('CRC64NVME', 'CRC32'))).toBeUndefined();
});
