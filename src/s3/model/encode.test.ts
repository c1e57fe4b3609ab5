import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { encodeError, encoderOf } from './encode.ts';
import type { OperationName, OutputOf } from './types.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

function xmlOf<N extends OperationName>(name: N, output: OutputOf<N>): string {
  const answer = encoderOf(name)(output);
  expect(answer.headers).toEqual(['content-type', 'application/xml']);
  const text = answer.body?.toString('utf8') ?? '';
  expect(text.startsWith(declaration)).toBe(true);
  return text.slice(declaration.length);
}

test('the location of a bucket is the text of the root, empty for us-east-1', () => {
  const xml = xmlOf('GetBucketLocation', { LocationConstraint: 'eu-west-1' });
  expect(xml).toBe(`<LocationConstraint ${namespace}>eu-west-1</LocationConstraint>`);
  expect(xmlOf('GetBucketLocation', {})).toBe(`<LocationConstraint ${namespace}></LocationConstraint>`);
});

test('a listing has its elements in the order of the model, empty text as empty elements, dates with milliseconds', () => {
  const date = new Date('2026-01-31T10:00:00Z');
  const xml = xmlOf('ListObjectsV2', {
    Name: 'b',
    Prefix: '',
    MaxKeys: 2,
    IsTruncated: false,
    Contents: [
      { Key: 'a&b', ETag: '"1"', Size: 0, LastModified: date, StorageClass: 'STANDARD' },
      { Key: 'c', ChecksumAlgorithm: ['CRC32', 'SHA1'] },
    ],
    CommonPrefixes: [{ Prefix: 'd/' }, { Prefix: 'e/' }],
    StartAfter: undefined,
  });
  expect(xml).toBe(
    `<ListBucketResult ${namespace}><IsTruncated>false</IsTruncated>` +
      '<Contents><Key>a&amp;b</Key><LastModified>2026-01-31T10:00:00.000Z</LastModified><ETag>&quot;1&quot;</ETag>' +
      '<Size>0</Size><StorageClass>STANDARD</StorageClass></Contents>' +
      '<Contents><Key>c</Key><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumAlgorithm>SHA1</ChecksumAlgorithm></Contents>' +
      '<Name>b</Name><Prefix></Prefix><MaxKeys>2</MaxKeys>' +
      '<CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>e/</Prefix></CommonPrefixes>' +
      '</ListBucketResult>',
  );
});

test('an order goes across flat lists, from the place of the first', () => {
  const item = (Key: string) => ({ Key, VersionId: 'v' });
  const { body } = encoderOf('ListObjectVersions')(
    { Versions: [item('b'), item('c')], DeleteMarkers: [item('a')], Name: 'bucket' },
    ['DeleteMarkers', 'Versions', 'Versions'],
  );
  expect(body?.toString()).toContain(
    '<DeleteMarker><Key>a</Key><VersionId>v</VersionId></DeleteMarker>' +
      '<Version><Key>b</Key><VersionId>v</VersionId></Version>' +
      '<Version><Key>c</Key><VersionId>v</VersionId></Version><Name>bucket</Name>',
  );
  expect(() => encoderOf('ListObjectVersions')({ Versions: [item('b'), item('c')] }, ['Versions'])).toThrow(/order/);
});

test('a list that is not flat has an element around it, also when empty', () => {
  expect(xmlOf('GetObjectTagging', { TagSet: [{ Key: 'k', Value: 'v' }] })).toBe(
    `<Tagging ${namespace}><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>`,
  );
  expect(xmlOf('ListBuckets', { Buckets: [] })).toBe(
    `<ListAllMyBucketsResult ${namespace}><Buckets></Buckets></ListAllMyBucketsResult>`,
  );
});

test('an output without members is an empty root', () => {
  expect(xmlOf('GetBucketVersioning', {})).toBe(`<VersioningConfiguration ${namespace}></VersioningConfiguration>`);
});

test('a payload structure is the body, beside headers', () => {
  const answer = encoderOf('CopyObject')({ VersionId: 'v', CopyObjectResult: { ETag: 'e' } });
  expect(answer.headers).toEqual(['x-amz-version-id', 'v', 'content-type', 'application/xml']);
  expect(answer.body?.toString()).toBe(
    `${declaration}<CopyObjectResult ${namespace}><ETag>e</ETag></CopyObjectResult>`,
  );
});

test('the type of a grantee is an attribute with its namespace', () => {
  const grants = [{ Grantee: { Type: 'CanonicalUser' as const, ID: 'i' }, Permission: 'READ' as const }];
  expect(xmlOf('GetBucketAcl', { Grants: grants })).toContain(
    '<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>i</ID></Grantee>' +
      '<Permission>READ</Permission></Grant>',
  );
});

test('text that XML cannot carry as it stands is sent as references', () => {
  expect(xmlOf('GetBucketLocation', { LocationConstraint: '<\r\u0001\n\t\uffff>é' as 'EU' })).toContain(
    '>&lt;&#13;&#x1;\n\t&#xFFFF;&gt;é<',
  );
});

test('headers carry dates as HTTP has them, numbers, booleans and metadata; nothing that is undefined', () => {
  const stream = Readable.from([Buffer.from('x')]);
  const answer = encoderOf('GetObject')({
    Body: stream,
    ContentLength: 0,
    LastModified: new Date('2026-01-31T10:00:00Z'),
    ObjectLockRetainUntilDate: new Date('2026-01-31T10:00:00Z'),
    DeleteMarker: false,
    Expires: 'whenever',
    ETag: undefined,
    Metadata: { a: 'plain', b: 'é' },
  });
  expect(answer).toEqual({
    status: 200,
    body: undefined,
    stream,
    headers: [
      ...['content-length', '0'],
      ...['last-modified', 'Sat, 31 Jan 2026 10:00:00 GMT'],
      ...['x-amz-object-lock-retain-until-date', '2026-01-31T10:00:00.000Z'],
      ...['x-amz-delete-marker', 'false'],
      ...['expires', 'whenever'],
      ...['x-amz-meta-a', 'plain'],
      ...['x-amz-meta-b', '=?UTF-8?B?w6k=?='],
    ],
  });
});

test('an output of headers alone has no body, and the status of the model', () => {
  expect(encoderOf('DeleteObject')({ VersionId: 'null' })).toEqual({
    status: 204,
    headers: ['x-amz-version-id', 'null'],
    body: undefined,
  });
});

test('a policy is JSON', () => {
  const answer = encoderOf('GetBucketPolicy')({ Policy: '{}' });
  expect([answer.body?.toString(), answer.headers]).toEqual(['{}', ['content-type', 'application/json']]);
});

test('an error has its elements in order', () => {
  const fields = { ArgumentName: 'max-keys', ArgumentValue: '<' };
  const body = encodeError({
    code: 'InvalidArgument',
    message: 'a & b',
    fields,
    resource: '/b/k',
    requestId: 'r',
    hostId: 'h',
  });
  expect(body.toString()).toBe(
    `${declaration}<Error><Code>InvalidArgument</Code><Message>a &amp; b</Message><ArgumentName>max-keys</ArgumentName>` +
      '<ArgumentValue>&lt;</ArgumentValue><Resource>/b/k</Resource><RequestId>r</RequestId><HostId>h</HostId></Error>',
  );
});
