import { describe, expect, it } from 'vitest';
import { bucketOfHost, hostSuffixes, parseTarget, queryValues } from './addressing.ts';

const suffixes = hostSuffixes(['s3.example.com']);
const parse = (url: string, host = '127.0.0.1:9000') => parseTarget({ url, host }, suffixes);

describe('addressing', () => {
  it('path style → bucket and key split at the first slash, the rest of the key untouched', () => {
    for (const [url, bucket, key] of [
      ['/', undefined, undefined],
      ['/b', 'b', undefined],
      ['/b/', 'b', undefined],
      ['/b/k', 'b', 'k'],
      ['/b/a//b', 'b', 'a//b'],
      ['/b//', 'b', '/'],
      ['/b/../x', 'b', '../x'],
      ['/b/a+b', 'b', 'a+b'],
      ['/b/%25', 'b', '%'],
      ['/b/a%20b%2Fc', 'b', 'a b/c'],
      ['/b/%F0%9F%98%80', 'b', '😀'],
      ['/b/e%CC%81', 'b', 'e\u0301'],
      ['/b/%00%01', 'b', '\u0000\u0001'],
      ['http://127.0.0.1:9000/b/k?x=1', 'b', 'k'],
    ] as const) {
      expect(parse(url), url).toMatchObject({ bucket, key });
    }
  });

  it('raw UTF-8 bytes in the path, as Latin-1 from the HTTP parser → the same key as percent-encoded', () => {
    expect(parse(`/b/${Buffer.from('ü€').toString('latin1')}`).key).toBe('ü€');
  });

  it('query → decoded, plus is a space, the first of repeated parameters counts', () => {
    const { query, rawQuery } = parse('/b?prefix=a+b%2B&uploads&x=1&x=2');
    expect([...query]).toEqual([
      ['prefix', 'a b+'],
      ['uploads', ''],
      ['x', '1'],
    ]);
    expect(rawQuery).toBe('prefix=a+b%2B&uploads&x=1&x=2');
  });

  it('invalid escapes or UTF-8 → InvalidURI', () => {
    for (const url of ['/b/%', '/b/%zz', '/b/%ff', '/b/%C3%28', '/b?prefix=%ff']) {
      expect(() => parse(url), url).toThrow(expect.objectContaining({ code: 'InvalidURI' }));
    }
  });

  it('key of 1,024 bytes → taken, of 1,025 bytes → KeyTooLongError, counted in UTF-8', () => {
    expect(parse(`/b/${'k'.repeat(1024)}`).key).toHaveLength(1024);
    expect(() => parse(`/b/${'k'.repeat(1025)}`)).toThrow(expect.objectContaining({ code: 'KeyTooLongError' }));
    expect(() => parse(`/b/${'%C3%BC'.repeat(513)}`)).toThrow(expect.objectContaining({ code: 'KeyTooLongError' }));
  });

  it('S3 Control → what an account’s number in the header makes of a path, whatever the host', () => {
    const control = (url: string, host = 'localhost') =>
      parseTarget({ url, host, accountId: '123456789012' }, suffixes);
    const path = 'configuration/publicAccessBlock';
    for (const host of ['localhost:9000', '123456789012.localhost:9000', '127.0.0.1']) {
      expect(control(`/v20180820/${path}`, host)).toMatchObject({
        kind: 'account',
        bucket: undefined,
        key: undefined,
        control: { accountId: '123456789012', path, resourceArn: undefined },
      });
    }
    const tags = control('/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Aphotos?tagKeys=a&tagKeys=b%26c&tagKey=d');
    expect(tags).toMatchObject({ bucket: 'photos', control: { path: 'tags', resourceArn: 'arn:aws:s3:::photos' } });
    expect(queryValues(tags, 'tagKeys')).toEqual(['a', 'b&c']);
    for (const arn of ['arn:aws:s3:::photos/cat', 'arn:aws:s3:us-east-1:123456789012:accesspoint/p', 'photos']) {
      expect(control(`/v20180820/tags/${arn}`)).toMatchObject({ bucket: undefined, control: { resourceArn: arn } });
    }
    expect(parse('/v20180820/tags/a')).toMatchObject({ kind: 'object', bucket: 'v20180820', key: 'tags/a' });
    expect(control('/photos/v20180820/')).toMatchObject({ kind: 'object', bucket: 'photos' });
  });

  it('host under a domain → bucket from the host, whole path is the key', () => {
    expect(parse('/a/b', 'photos.s3.localhost:9000')).toMatchObject({ bucket: 'photos', key: 'a/b' });
    expect(parse('/', 'photos.localhost')).toMatchObject({ bucket: 'photos', kind: 'bucket' });
    expect(parse('/k', 'a.b.s3.example.com')).toMatchObject({ bucket: 'a.b', key: 'k' });
    expect(parse('/b/k', 's3.example.com')).toMatchObject({ bucket: 'b', key: 'k' });
    for (const host of ['localhost:9000', 's3.localhost', '[::1]:9000', '10.0.0.1', 'example.com', '']) {
      expect(bucketOfHost(host, suffixes), host).toBeUndefined();
    }
  });
});
