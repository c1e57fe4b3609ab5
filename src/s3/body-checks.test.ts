import { describe, expect, test } from 'vitest';
import { type ChecksumAlgorithm, checksumAlgorithms } from '../lib/digests/algorithms.ts';
import { digest } from '../lib/digests/digester.ts';
import type { PayloadMode } from './auth/payload-mode.ts';
import { bodyExpectations, type ExpectationOptions } from './body-checks.ts';

const none: PayloadMode = { kind: 'none' };
const data = Buffer.from('the quick brown fox');
const digests = await digest(new Set(checksumAlgorithms), data);
const others = await digest(new Set(checksumAlgorithms), Buffer.from('another'));

const base64 = (algorithm: ChecksumAlgorithm, of = digests) => Buffer.from(of.get(algorithm) ?? '').toString('base64');
const headerOf = (algorithm: ChecksumAlgorithm) => `x-amz-checksum-${algorithm.toLowerCase()}`;

function expectations(headers: Record<string, string>, options: Partial<ExpectationOptions> = {}) {
  const map = new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return bodyExpectations(map, { payload: none, ...options });
}

const refused = (code: string, message?: string) =>
  expect.objectContaining({ name: 'S3Error', code, ...(message === undefined ? {} : { message }) });

describe.each(checksumAlgorithms)('%s', (algorithm) => {
  const name = headerOf(algorithm);

  test('value in a header → computed, stored and compared', () => {
    const right = expectations({ [name]: base64(algorithm) });
    expect(right).toMatchObject({ algorithms: new Set([algorithm]), checksumAlgorithm: algorithm });
    right.verify(digests, new Map());
    expect(() => right.verify(others, new Map())).toThrow(
      refused('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`),
    );
  });

  test('value in a trailer → computed, stored and compared', () => {
    const announced = expectations({ 'x-amz-trailer': name.toUpperCase() });
    expect(announced.checksumAlgorithm).toBe(algorithm);
    announced.verify(digests, new Map([[name, base64(algorithm)]]));
    expect(() => announced.verify(digests, new Map([[name, base64(algorithm, others)]]))).toThrow(refused('BadDigest'));
    for (const trailers of [new Map(), new Map([[name, 'bad']])]) {
      expect(() => announced.verify(digests, trailers)).toThrow(
        refused('InvalidRequest', `Value for ${name} trailing header is invalid.`),
      );
    }
  });

  test.each(['', 'bad', '!', 'AAAA=', '=', 'A'.repeat(200)])(
    'value %j → InvalidRequest before the body is read',
    (value) => {
      expect(() => expectations({ [name]: value })).toThrow(
        refused('InvalidRequest', `Value for ${name} header is invalid.`),
      );
    },
  );

  test('named by x-amz-sdk-checksum-algorithm in any case → accepted with its value', () => {
    for (const named of [algorithm, algorithm.toLowerCase()]) {
      const headers = { 'x-amz-sdk-checksum-algorithm': named, [name]: base64(algorithm) };
      expect(expectations(headers).checksumAlgorithm).toBe(algorithm);
    }
  });
});

test('nothing promised → CRC64NVME is stored and any body passes', () => {
  const nothing = expectations({});
  expect(nothing).toMatchObject({ algorithms: new Set(['CRC64NVME']), checksumAlgorithm: 'CRC64NVME' });
  nothing.verify(digests, new Map());
});

test('the operation names an algorithm → that is stored, and the client promise still checked', () => {
  const both = expectations({ [headerOf('SHA1')]: base64('SHA1') }, { checksumAlgorithm: 'CRC32' });
  expect(both).toMatchObject({ algorithms: new Set(['CRC32', 'SHA1']), checksumAlgorithm: 'CRC32' });
  expect(() => both.verify(others, new Map())).toThrow(refused('BadDigest'));
});

test('signed hash → compared, with both in the answer', () => {
  const sha256 = (of = digests) => Buffer.from(of.get('SHA256') ?? '').toString('hex');
  const signed = expectations({}, { payload: { kind: 'sha256', sha256: sha256() } });
  expect(signed.algorithms).toEqual(new Set(['CRC64NVME', 'SHA256']));
  signed.verify(digests, new Map());
  expect(() => signed.verify(others, new Map())).toThrow(
    expect.objectContaining({
      code: 'XAmzContentSHA256Mismatch',
      fields: { ClientComputedContentSHA256: sha256(), S3ComputedContentSHA256: sha256(others) },
    }),
  );
});

describe('Content-MD5', () => {
  test('right → passes; another → BadDigest with both', () => {
    const md5 = expectations({ 'content-md5': base64('MD5') });
    expect(md5).toMatchObject({ algorithms: new Set(['CRC64NVME', 'MD5']), checksumAlgorithm: 'CRC64NVME' });
    md5.verify(digests, new Map());
    expect(() => md5.verify(others, new Map())).toThrow(
      expect.objectContaining({
        code: 'BadDigest',
        message: 'The Content-MD5 you specified did not match what we received.',
        fields: { ExpectedDigest: base64('MD5'), CalculatedDigest: base64('MD5', others) },
      }),
    );
  });

  test.each(['', 'YWJyYWNhZGFicmE=', 'no base64', '098f6bcd4621d373cade4e832627b4f6'])(
    '%j → InvalidDigest',
    (value) => {
      expect(() => expectations({ 'content-md5': value })).toThrow(refused('InvalidDigest'));
    },
  );
});

describe('contradictions', () => {
  const crc32 = { [headerOf('CRC32')]: base64('CRC32') };

  test('two checksums, as headers or as header and trailer → InvalidRequest', () => {
    const message = 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.';
    for (const more of [{ [headerOf('SHA1')]: base64('SHA1') }, { 'x-amz-trailer': 'x-amz-checksum-crc32' }]) {
      expect(() => expectations({ ...crc32, ...more })).toThrow(refused('InvalidRequest', message));
    }
  });

  test('an algorithm named without a value → InvalidRequest', () => {
    expect(() => expectations({ 'x-amz-sdk-checksum-algorithm': 'CRC32' })).toThrow(
      refused(
        'InvalidRequest',
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
      ),
    );
  });

  test.each(['SHA256', 'CRC16', ''])('algorithm %j named beside a CRC32 → InvalidRequest', (named) => {
    expect(() => expectations({ ...crc32, 'x-amz-sdk-checksum-algorithm': named })).toThrow(
      refused('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.'),
    );
  });

  test('a checksum of no known algorithm → InvalidRequest, not ignored', () => {
    expect(() => expectations({ 'x-amz-checksum-crc16': 'AAA=' })).toThrow(refused('InvalidRequest'));
    expect(() => expectations({ 'x-amz-trailer': 'x-amz-checksum-crc16' })).toThrow(refused('InvalidRequest'));
  });
});

test('headers that speak of the object, or are no checksums → nothing is promised of the body', () => {
  const ofObject = expectations({ [headerOf('CRC32')]: 'AAAAAA==' }, { checksumsOf: 'object' });
  ofObject.verify(digests, new Map());
  expect(
    expectations({ 'x-amz-checksum-type': 'FULL_OBJECT', 'x-amz-checksum-mode': 'ENABLED' }).checksumAlgorithm,
  ).toBe('CRC64NVME');
});
