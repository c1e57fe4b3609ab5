import { describe, expect, test } from 'vitest';
import { parseCopySource } from './copy-source.ts';

describe('parseCopySource', () => {
  test.each([
    ['bucket and key → read', 'bucket/key', { bucket: 'bucket', key: 'key' }],
    ['leading slash → dropped', '/bucket/key', { bucket: 'bucket', key: 'key' }],
    ['key that begins with a slash → kept', '/bucket//key', { bucket: 'bucket', key: '/key' }],
    ['slashes in the key → kept', 'bucket/a//b/', { bucket: 'bucket', key: 'a//b/' }],
    ['everything encoded → decoded', '%2Fbucket%2Fa%20b%2Fc', { bucket: 'bucket', key: 'a b/c' }],
    ['encoded plus and percent → decoded once', 'bucket/a%2Bb%2525', { bucket: 'bucket', key: 'a+b%25' }],
    ['bare plus → space', 'bucket/a+b', { bucket: 'bucket', key: 'a b' }],
    ['UTF-8 → decoded', 'bucket/%C3%BC%F0%9F%98%80', { bucket: 'bucket', key: 'ü😀' }],
    ['version → split off', 'bucket/key?versionId=v1', { bucket: 'bucket', key: 'key', versionId: 'v1' }],
    ['null version → split off', 'bucket/key?versionId=null', { bucket: 'bucket', key: 'key', versionId: 'null' }],
    ['empty version → empty', 'bucket/key?versionId=', { bucket: 'bucket', key: 'key', versionId: '' }],
    ['encoded question mark → part of the key', 'bucket/k%3FversionId=v', { bucket: 'bucket', key: 'k?versionId=v' }],
    ['another question mark → part of the key', 'bucket/k?x=y', { bucket: 'bucket', key: 'k?x=y' }],
  ])('%s', (_condition, header, expected) => {
    expect(parseCopySource(header)).toEqual(expected);
  });

  test.each(['', '/', 'bucket', '/bucket', 'bucket/', '//key', '?versionId=v', 'bucket/%zz', 'bucket/%ff'])(
    '%j → InvalidArgument with the header',
    (header) => {
      expect(() => parseCopySource(header)).toThrow(
        expect.objectContaining({
          code: 'InvalidArgument',
          fields: { ArgumentName: 'x-amz-copy-source', ArgumentValue: header },
        }),
      );
    },
  );
});
