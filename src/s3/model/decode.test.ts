import { describe, expect, test } from 'vitest';
import { S3Error } from '../errors.ts';
import { decoderOf, type RequestParts } from './decode.ts';
import type { InputOf, OperationName } from './types.ts';

interface Request {
  readonly query?: string;
  readonly headers?: RequestParts['headers'];
  readonly body?: string;
}

function decode<N extends OperationName>(name: N, { query = '', headers = {}, body }: Request = {}): InputOf<N> {
  return decoderOf(name)({
    bucket: 'bucket',
    key: 'key',
    query: new Map(new URLSearchParams(query)),
    headers,
    body: body === undefined ? undefined : Buffer.from(body),
  });
}

function failureOf(name: OperationName, request: Request): S3Error {
  try {
    decode(name, request);
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  throw new Error(`${name} was decoded`);
}

describe('members', () => {
  test('an input has own keys only for what the client sent', () => {
    const input = decode('PutObject', { headers: { 'content-type': 'text/plain', 'x-amz-unknown': '1', host: 'h' } });
    expect(Object.keys(input)).toEqual(['Bucket', 'Key', 'ContentType']);
  });

  test('values have their types', () => {
    const headers = {
      range: 'bytes=0-1',
      'if-modified-since': 'Sat, 31 Jan 2026 10:00:00 GMT',
      'x-amz-checksum-mode': 'enabled',
    };
    expect(decode('GetObject', { query: 'partNumber=7&response-expires=soon', headers })).toEqual({
      Bucket: 'bucket',
      Key: 'key',
      Range: 'bytes=0-1',
      PartNumber: 7,
      ResponseExpires: 'soon',
      IfModifiedSince: new Date('2026-01-31T10:00:00Z'),
      ChecksumMode: 'ENABLED',
    });
  });

  test('metadata is gathered by prefix, decoded, and safe whatever its name', () => {
    const headers = { 'x-amz-meta-a': '=?UTF-8?B?w6k=?=', 'x-amz-meta-__proto__': 'p', 'x-amz-meta-b': 'Ã©' };
    const { Metadata } = decode('PutObject', { headers });
    expect(Object.entries(Metadata ?? {})).toEqual([
      ['a', 'é'],
      ['__proto__', 'p'],
      ['b', 'é'],
    ]);
    expect(Object.getPrototypeOf(Metadata)).toBe(Object.prototype);
  });

  test('Expires is kept as it was written', () => {
    expect(decode('PutObject', { headers: { expires: 'whenever' } }).Expires).toBe('whenever');
  });

  test('a list in a header is split', () => {
    const headers = { 'x-amz-object-attributes': 'ETag, ObjectSize' };
    expect(decode('GetObjectAttributes', { headers }).ObjectAttributes).toEqual(['ETag', 'ObjectSize']);
  });

  test('names of checksum algorithms are taken in any case', () => {
    const headers = { 'x-amz-sdk-checksum-algorithm': 'crc32c' };
    expect(decode('PutObject', { headers }).ChecksumAlgorithm).toBe('CRC32C');
  });

  test('an empty delimiter is none, other empty parameters are there', () => {
    const input = decode('ListObjects', { query: 'delimiter=&prefix=&marker=' });
    expect(input).toEqual({ Bucket: 'bucket', Prefix: '', Marker: '' });
  });

  test.each(['2026-02-30T00:00:00Z', 'yesterday', 'Sat, 99 Jan 2026 10:00:00 GMT'])('%s is no condition', (date) => {
    expect(Object.keys(decode('GetObject', { headers: { 'if-modified-since': date } }))).toEqual(['Bucket', 'Key']);
  });

  test.each(['Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'])(
    '%s is a date',
    (date) => {
      const { IfModifiedSince } = decode('GetObject', { headers: { 'if-modified-since': date } });
      expect(IfModifiedSince).toEqual(new Date('1994-11-06T08:49:37Z'));
    },
  );
});

describe('bad values of headers and parameters', () => {
  const noInteger = 'Provided max-keys not an integer or within integer range';
  const outside = 'Argument maxKeys must be an integer between 0 and 2147483647';
  const part = 'Part number must be an integer between 1 and 10000, inclusive';
  test.each([
    ['ListObjectsV2', { query: 'max-keys=x' }, 'InvalidArgument', noInteger, 'max-keys', 'x'],
    ['ListObjectsV2', { query: 'max-keys=' }, 'InvalidArgument', noInteger, 'max-keys', ''],
    ['ListObjectsV2', { query: 'max-keys=2147483648' }, 'InvalidArgument', noInteger, 'max-keys', '2147483648'],
    [
      'ListObjectsV2',
      { query: `max-keys=${'9'.repeat(400)}` },
      'InvalidArgument',
      noInteger,
      'max-keys',
      '9'.repeat(400),
    ],
    ['ListObjectsV2', { query: 'max-keys=-1' }, 'InvalidArgument', outside, 'maxKeys', '-1'],
    ['UploadPart', { query: 'uploadId=u&partNumber=0' }, 'InvalidArgument', part, 'partNumber', '0'],
    ['UploadPart', { query: 'uploadId=u&partNumber=10001' }, 'InvalidArgument', part, 'partNumber', '10001'],
    ['UploadPart', { query: 'uploadId=u&partNumber=1.5' }, 'InvalidArgument', part, 'partNumber', '1.5'],
    [
      'ListObjects',
      { query: 'encoding-type=x' },
      'InvalidArgument',
      'Invalid Encoding Method specified in Request',
      'encoding-type',
      'x',
    ],
    ['GetObject', { query: 'versionId=' }, 'InvalidArgument', 'Version id cannot be the empty string', 'versionId', ''],
    [
      'CopyObject',
      { headers: { 'x-amz-copy-source': 'a/b', 'x-amz-metadata-directive': 'X' } },
      'InvalidArgument',
      'Unknown metadata directive.',
      'x-amz-metadata-directive',
      'X',
    ],
    ['PutObject', { headers: { 'x-amz-acl': 'X' } }, 'InvalidArgument', 'Invalid Argument', 'x-amz-acl', 'X'],
  ] satisfies [OperationName, Request, string, string, string, string][])(
    '%s %j → %s',
    (...[name, request, code, message, argument, value]) => {
      const error = failureOf(name, request);
      expect([error.code, error.message]).toEqual([code, message]);
      expect(error.fields).toEqual({ ArgumentName: argument, ArgumentValue: value });
    },
  );

  test('an unknown storage class has an error of its own', () => {
    const error = failureOf('PutObject', { headers: { 'x-amz-storage-class': 'X' } });
    expect([error.code, error.fields]).toEqual(['InvalidStorageClass', { StorageClassRequested: 'X' }]);
  });

  test('a missing required header or parameter is an InvalidRequest that names it', () => {
    expect(failureOf('GetObjectAttributes', {}).message).toContain('x-amz-object-attributes');
    expect(failureOf('PutBucketAnalyticsConfiguration', {}).message).toContain('id');
  });
});

describe('bodies', () => {
  test('a document is read with and without a namespace, its text exactly', () => {
    const content = '<TagSet><Tag><Key> k&#13;</Key><Value></Value></Tag></TagSet>';
    const expected = { TagSet: [{ Key: ' k\r', Value: '' }] };
    for (const root of ['<Tagging>', '<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/">']) {
      expect(decode('PutObjectTagging', { body: `${root}${content}</Tagging>` }).Tagging).toEqual(expected);
    }
  });

  test('flat lists, numbers, booleans and dates', () => {
    const body =
      '<Delete><Quiet> true </Quiet><Object><Key>a</Key><Size>5</Size></Object><Object><Key>b</Key></Object></Delete>';
    expect(decode('DeleteObjects', { body }).Delete).toEqual({
      Quiet: true,
      Objects: [{ Key: 'a', Size: 5 }, { Key: 'b' }],
    });
  });

  test('an attribute is read whatever the prefix of its namespace', () => {
    const grantee =
      '<Grantee xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="CanonicalUser"><ID>x</ID></Grantee>';
    const body = `<AccessControlPolicy><AccessControlList><Grant>${grantee}<Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`;
    expect(decode('PutBucketAcl', { body }).AccessControlPolicy).toEqual({
      Grants: [{ Grantee: { Type: 'CanonicalUser', ID: 'x' }, Permission: 'READ' }],
    });
  });

  test('an empty list that is not flat is a list', () => {
    expect(decode('PutObjectTagging', { body: '<Tagging><TagSet/></Tagging>' }).Tagging).toEqual({ TagSet: [] });
  });

  test.each([
    ['another root', 'PutObjectTagging', '<Tags><TagSet/></Tags>'],
    ['an unknown element', 'PutObjectTagging', '<Tagging><TagSet/><X/></Tagging>'],
    ['an unknown item', 'PutObjectTagging', '<Tagging><TagSet><X/></TagSet></Tagging>'],
    ['a missing element', 'PutObjectTagging', '<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>'],
    ['a missing list', 'DeleteObjects', '<Delete><Quiet>true</Quiet></Delete>'],
    [
      'a repeated element',
      'PutBucketVersioning',
      '<VersioningConfiguration><Status>Enabled</Status><Status>Enabled</Status></VersioningConfiguration>',
    ],
    ['a repeated list', 'PutObjectTagging', '<Tagging><TagSet/><TagSet/></Tagging>'],
    [
      'a bad enumeration',
      'PutBucketVersioning',
      '<VersioningConfiguration><Status>enabled</Status></VersioningConfiguration>',
    ],
    [
      'a bad number',
      'CompleteMultipartUpload',
      '<CompleteMultipartUpload><Part><PartNumber>1.5</PartNumber></Part></CompleteMultipartUpload>',
    ],
    [
      'an empty number',
      'CompleteMultipartUpload',
      '<CompleteMultipartUpload><Part><PartNumber/></Part></CompleteMultipartUpload>',
    ],
    ['a bad boolean', 'DeleteObjects', '<Delete><Quiet>yes</Quiet><Object><Key>a</Key></Object></Delete>'],
    ['text between elements', 'DeleteObjects', '<Delete>x<Object><Key>a</Key></Object></Delete>'],
    ['an element in text', 'DeleteObjects', '<Delete><Object><Key>a<b/></Key></Object></Delete>'],
    ['no XML', 'DeleteObjects', 'junk'],
  ] satisfies [string, OperationName, string][])('%s is MalformedXML', (_, name, body) => {
    expect(failureOf(name, { query: 'uploadId=u', body }).code).toBe('MalformedXML');
  });

  test('an empty body is refused where one is required, and absent where not', () => {
    expect(failureOf('PutObjectTagging', {}).code).toBe('MissingRequestBodyError');
    expect(failureOf('PutBucketPolicy', { body: '' }).code).toBe('MissingRequestBodyError');
    expect(decode('CreateBucket', { body: '' })).toEqual({ Bucket: 'bucket' });
  });

  test('a policy is its text', () => {
    expect(decode('PutBucketPolicy', { body: '{"é":1}' }).Policy).toBe('{"é":1}');
  });

  test('a region that does not exist is for the operation to judge', () => {
    const body =
      '<CreateBucketConfiguration><LocationConstraint>nowhere</LocationConstraint></CreateBucketConfiguration>';
    expect(decode('CreateBucket', { body }).CreateBucketConfiguration).toEqual({ LocationConstraint: 'nowhere' });
  });
});
