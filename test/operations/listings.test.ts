/** ListObjects and ListObjectsV2: order, delimiters, pages, encoding. */
import {
  ListObjectsCommand,
  type ListObjectsCommandInput,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { sendRaw, signRaw, wireBytes } from '../support/raw-http.ts';
import { refusal } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
/** In the order of their UTF-8 bytes, in which U+FF5E comes before any emoji, unlike in UTF-16. */
const keys = ['a/1', 'a/2', 'a/b/3', 'b', 'c d/4', 'c+d', 'é', '～', '😀'];
let Bucket: string;
let odd: string;

beforeAll(async () => {
  Bucket = await daemon().newBucket();
  odd = await daemon().newBucket();
  const put = (bucket: string, Key: string) =>
    daemon().client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }));
  await Promise.all([...keys.toReversed().map((key) => put(Bucket, key)), put(odd, 'line\nend'), put(odd, 'a<&>b')]);
});

const v1 = (input: Partial<ListObjectsCommandInput> = {}) =>
  daemon().client.send(new ListObjectsCommand({ Bucket, ...input }));
const v2 = (input: Partial<ListObjectsV2CommandInput> = {}) =>
  daemon().client.send(new ListObjectsV2Command({ Bucket, ...input }));
const shown = (page: Awaited<ReturnType<typeof v1>> | Awaited<ReturnType<typeof v2>>) => ({
  keys: page.Contents?.map(({ Key }) => Key) ?? [],
  prefixes: page.CommonPrefixes?.map(({ Prefix }) => Prefix) ?? [],
});
const sendQuery = (query: readonly (readonly [string, string])[]) => {
  const signed = signRaw({
    method: 'GET',
    path: `/${Bucket}`,
    query,
    key: daemon(),
    host: `127.0.0.1:${daemon().port}`,
  });
  return sendRaw(wireBytes(signed), { port: daemon().port });
};

describe('both versions', () => {
  test('everything → in the order of UTF-8 bytes', async () => {
    expect(shown(await v1()).keys).toEqual(keys);
    expect(shown(await v2()).keys).toEqual(keys);
  });

  test('an entry → all that is known of it', async () => {
    const page = await v2({ Prefix: 'b', FetchOwner: true });
    expect(page.Contents).toEqual([
      {
        Key: 'b',
        LastModified: expect.any(Date),
        ETag: '"92eb5ffee6ae2fec3ad71c777531578f"',
        ChecksumAlgorithm: ['CRC32'],
        ChecksumType: 'FULL_OBJECT',
        Size: 1,
        StorageClass: 'STANDARD',
        Owner: { ID: expect.stringMatching(/^[0-9a-f]{64}$/), DisplayName: expect.any(String) },
      },
    ]);
  });

  test('owners → always in version 1, when asked for in version 2', async () => {
    expect((await v1({ Prefix: 'b' })).Contents?.[0]?.Owner).toBeDefined();
    expect((await v2({ Prefix: 'b' })).Contents?.[0]?.Owner).toBeUndefined();
  });

  test.each([
    ['a delimiter', { Delimiter: '/' }, ['b', 'c+d', 'é', '～', '😀'], ['a/', 'c d/']],
    ['prefix and delimiter', { Prefix: 'a/', Delimiter: '/' }, ['a/1', 'a/2'], ['a/b/']],
    ['a delimiter of two characters', { Delimiter: 'd/' }, keys.filter((key) => key !== 'c d/4'), ['c d/']],
    ['a delimiter that no key has', { Delimiter: '|' }, keys, []],
    ['an empty delimiter', { Delimiter: '' }, keys, []],
    ['a prefix that no key has', { Prefix: 'z' }, [], []],
    ['a prefix beyond ASCII', { Prefix: 'é' }, ['é'], []],
    ['no entries at all', { MaxKeys: 0 }, [], []],
  ])('%s → keys and prefixes', async (_condition, input, expectedKeys, prefixes) => {
    const expected = { keys: expectedKeys, prefixes };
    for (const page of [await v1(input), await v2(input)]) {
      expect(shown(page)).toEqual(expected);
      expect(page.IsTruncated).toBe(false);
    }
    expect((await v2(input)).KeyCount).toBe(expectedKeys.length + prefixes.length);
  });

  test('what was asked → echoed, but no empty delimiter', async () => {
    const page = await v2({ Prefix: '', Delimiter: '', MaxKeys: 2000, StartAfter: 'a' });
    expect(page).toMatchObject({ Name: Bucket, Prefix: '', MaxKeys: 1000, StartAfter: 'a' });
    expect(page.Delimiter).toBeUndefined();
    expect(await v1()).toMatchObject({ Name: Bucket, Prefix: '', Marker: '', MaxKeys: 1000 });
  });

  test.each(['-1', 'x', '1.5', '99999999999999999999'])('max-keys %s → InvalidArgument', async (value) => {
    expect(await sendQuery([['max-keys', value]])).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });

  test('an encoding there is not → InvalidArgument', async () => {
    expect(await sendQuery([['encoding-type', 'base64']])).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });
});

describe('pages', () => {
  test.each([1, 2, 3, 8, 9])('version 2, %i at a time → every entry once', async (MaxKeys) => {
    const found: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await v2({ Delimiter: '/', MaxKeys, ContinuationToken });
      const { keys: pageKeys, prefixes } = shown(page);
      expect(page.KeyCount).toBe(pageKeys.length + prefixes.length);
      expect(page.ContinuationToken).toBe(ContinuationToken);
      expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
      found.push(...[...pageKeys, ...prefixes].flatMap((entry) => entry ?? []));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(found.toSorted()).toEqual(['a/', 'b', 'c d/', 'c+d', 'é', '～', '😀'].toSorted());
  });

  test('version 1 with a delimiter → NextMarker, which goes on', async () => {
    const first = await v1({ Delimiter: '/', MaxKeys: 1 });
    expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'a/' });
    const second = await v1({ Delimiter: '/', MaxKeys: 2, Marker: first.NextMarker });
    expect(shown(second)).toEqual({ keys: ['b'], prefixes: ['c d/'] });
    expect(second).toMatchObject({ Marker: 'a/', NextMarker: 'c d/' });
  });

  test('version 1 without a delimiter → no NextMarker; the last key goes on', async () => {
    const first = await v1({ MaxKeys: 2 });
    expect(first.IsTruncated).toBe(true);
    expect(first.NextMarker).toBeUndefined();
    expect(shown(await v1({ MaxKeys: 1, Marker: 'a/2' })).keys).toEqual(['a/b/3']);
  });

  test('a marker that is no key → goes on after where it would be', async () => {
    expect(shown(await v1({ Marker: 'bb' })).keys).toEqual(keys.slice(4));
    expect(shown(await v2({ StartAfter: 'bb' })).keys).toEqual(keys.slice(4));
  });

  test('a token → beats start-after and does not show the key', async () => {
    const { NextContinuationToken = '' } = await v2({ MaxKeys: 4 });
    expect(NextContinuationToken).not.toContain('b');
    const next = await v2({ ContinuationToken: NextContinuationToken, StartAfter: '😀' });
    expect(shown(next).keys).toEqual(keys.slice(4));
  });

  test('an empty token → the beginning, echoed', async () => {
    const page = await v2({ ContinuationToken: '' });
    expect(page.ContinuationToken).toBe('');
    expect(shown(page).keys).toEqual(keys);
  });

  test.each(['b', 'AAAA', Buffer.from('b').toString('base64')])('token %j → InvalidArgument', async (token) => {
    await expect(v2({ ContinuationToken: token })).rejects.toMatchObject(
      refusal('InvalidArgument', 400, { message: 'The continuation token provided is incorrect' }),
    );
  });
});

describe('encoding-type=url', () => {
  test('keys, prefixes and what is echoed → encoded', async () => {
    const page = await v1({ Delimiter: '/', EncodingType: 'url', Marker: 'b' });
    expect(page).toMatchObject({ EncodingType: 'url', Delimiter: '/' });
    expect(shown(page)).toEqual({ keys: ['c%2Bd', '%C3%A9', '%EF%BD%9E', '%F0%9F%98%80'], prefixes: ['c+d/'] });
    expect((await v1({ EncodingType: 'url', Prefix: 'c ' })).Prefix).toBe('c ');
    expect(await v2({ EncodingType: 'url', StartAfter: 'c d', Prefix: 'c ' })).toMatchObject({
      StartAfter: 'c+d',
      Prefix: 'c+',
    });
  });

  test('keys that XML cannot carry plainly → round-trip, encoded and not', async () => {
    expect(shown(await v2({ Bucket: odd })).keys).toEqual(['a<&>b', 'line\nend']);
    expect(shown(await v2({ Bucket: odd, EncodingType: 'url' })).keys).toEqual(['a%3C%26%3Eb', 'line%0Aend']);
  });
});
