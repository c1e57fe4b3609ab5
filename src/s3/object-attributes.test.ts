import { describe, expect, test } from 'vitest';
import type { Bucket } from '../engine/types.ts';
import { parseAttributes } from './object-attributes.ts';

const bucket: Bucket = { id: 1, name: 'b', region: 'r', owner: 'owner', createdMs: 0, versioning: 'Unversioned' };

describe('parseAttributes', () => {
  test('nothing said → the defaults, owned by the bucket', () => {
    expect(parseAttributes(bucket, {})).toEqual({
      owner: 'owner',
      storageClass: 'STANDARD',
      headers: { contentType: 'binary/octet-stream' },
      metadata: {},
      tags: [],
    });
  });

  test('every header → kept as it came', () => {
    const { headers } = parseAttributes(bucket, {
      CacheControl: 'no-cache',
      ContentDisposition: 'inline',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      ContentType: 'text/plain',
      Expires: 'never',
      WebsiteRedirectLocation: 'https://elsewhere/',
    });
    expect(headers).toEqual({
      cacheControl: 'no-cache',
      contentDisposition: 'inline',
      contentEncoding: 'gzip',
      contentLanguage: 'de',
      contentType: 'text/plain',
      expires: 'never',
      websiteRedirectLocation: 'https://elsewhere/',
    });
  });

  test('aws-chunked → no encoding of the object', () => {
    const encoding = (ContentEncoding: string) => parseAttributes(bucket, { ContentEncoding }).headers.contentEncoding;
    expect(encoding('aws-chunked')).toBeUndefined();
    expect(encoding('gzip,aws-chunked')).toBe('gzip');
  });

  test('metadata → names in lower case; UTF-8 bytes of names and values count to 2 KiB', () => {
    expect(parseAttributes(bucket, { Metadata: { Colour: 'Blue' } }).metadata).toEqual({ colour: 'Blue' });
    parseAttributes(bucket, { Metadata: { ab: 'ü'.repeat(1023) } });
    expect(() => parseAttributes(bucket, { Metadata: { abc: 'ü'.repeat(1023) } })).toThrow(
      expect.objectContaining({ code: 'MetadataTooLarge', fields: { Size: '2049', MaxSizeAllowed: '2048' } }),
    );
  });

  test.each([
    ['SNOW', 'InvalidStorageClass'],
    ['standard', 'InvalidStorageClass'],
    ['', 'InvalidStorageClass'],
  ])('storage class %j → %s', (StorageClass, code) => {
    expect(() => parseAttributes(bucket, { StorageClass })).toThrow(expect.objectContaining({ code }));
  });

  test('a redirect that is neither path nor URL → InvalidRedirectLocation', () => {
    for (const WebsiteRedirectLocation of ['', 'x', 'ftp://x']) {
      expect(() => parseAttributes(bucket, { WebsiteRedirectLocation })).toThrow(
        expect.objectContaining({ code: 'InvalidRedirectLocation' }),
      );
    }
  });
});
