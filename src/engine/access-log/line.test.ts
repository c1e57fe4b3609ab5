import { expect, test } from 'vitest';
import { formatLine, type LogLine } from './line.ts';

const bucket = { name: 'photos', owner: 'o'.repeat(64) };
const whole: LogLine = {
  atMs: Date.UTC(2019, 1, 6, 0, 0, 38, 900),
  remoteIp: '192.0.2.3',
  requester: 'arn:aws:iam::111122223333:user/alice',
  requestId: '3E57427F3EXAMPLE',
  operation: 'REST.GET.OBJECT',
  key: 'a/b.jpg',
  head: { requestLine: 'GET /photos/a/b.jpg?x HTTP/1.1', referrer: 'http://example.org/', userAgent: 'curl/7.15.1' },
  status: 206,
  errorCode: 'SlowDown',
  bytesSent: 2,
  objectSize: 5,
  totalMs: 70,
  turnAroundMs: 10,
  versionId: '3HL4kqtJvjVBH40Nrjfkd',
  hostId: 's9lzHYrFp76Z=',
  signatureVersion: 'SigV4',
  cipherSuite: 'ECDHE-RSA-AES128-GCM-SHA256',
  authentication: 'AuthHeader',
  hostHeader: 'photos.s3.example.org',
  tlsVersion: 'TLSv1.2',
  aclRequired: true,
};

test('all that there is to say → in the order of the fields, with the time in UTC', () => {
  expect(formatLine(bucket, whole)).toBe(
    `${bucket.owner} photos [06/Feb/2019:00:00:38 +0000] 192.0.2.3 arn:aws:iam::111122223333:user/alice 3E57427F3EXAMPLE ` +
      'REST.GET.OBJECT a/b.jpg "GET /photos/a/b.jpg?x HTTP/1.1" 206 SlowDown 2 5 70 10 "http://example.org/" "curl/7.15.1" ' +
      '3HL4kqtJvjVBH40Nrjfkd s9lzHYrFp76Z= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader photos.s3.example.org TLSv1.2 - Yes -\n',
  );
});

test('nothing known, and no bytes sent → hyphens; what the client may have sent stands in quotes all the same', () => {
  const head = { requestLine: 'GET / HTTP/1.1', referrer: undefined, userAgent: undefined };
  const line = { atMs: 0, requestId: 'R', operation: 'REST.GET.BUCKET', head, bytesSent: 0, aclRequired: false };
  expect(formatLine(bucket, line)).toBe(
    `${bucket.owner} photos [01/Jan/1970:00:00:00 +0000] - - R REST.GET.BUCKET - "GET / HTTP/1.1" - - - - - - "-" "-" - - - - - - - - - -\n`,
  );
});

test('what S3 does for a request or by itself → no quotes, an empty object has a size', () => {
  const line = { atMs: 0, requestId: 'R', operation: 'BATCH.DELETE.OBJECT', key: 'k', status: 204, objectSize: 0 };
  expect(formatLine(bucket, line)).toContain(' BATCH.DELETE.OBJECT k - 204 - - 0 - - - - - - ');
});

test.for([
  ['REST.GET.OBJECT', 'a%2Bb/%25C3%25BC%252525%2522'],
  ['REST.COPY.OBJECT_GET', 'a%2Bb/%25C3%25BC%252525%2522'],
  ['BATCH.DELETE.OBJECT', 'a+b/%C3%BC%2525%22'],
  ['S3.EXPIRE.OBJECT', 'a+b/%C3%BC%2525%22'],
] as const)('a key in a line of %s → encoded as AWS has it there', ([operation, encoded]) => {
  expect(formatLine(bucket, { atMs: 0, requestId: 'R', operation, key: 'a b/ü%25"' })).toContain(
    ` ${operation} ${encoded} `,
  );
});

test('quotes, line ends and what is no ASCII in what a client sends → cannot end a field or a line', () => {
  const head = { requestLine: 'GET /"x HTTP/1.1', referrer: 'a"\nb', userAgent: 'é\r\t' };
  const line = formatLine(bucket, { ...whole, head, versionId: 'a b"\n', hostHeader: 'x y' });
  expect(line.match(/\n/g)).toHaveLength(1);
  expect(line).toContain(' "GET /%22x HTTP/1.1" ');
  expect(line).toContain(' "a%22%0Ab" "%C3%A9%0D%09" a%20b%22%0A ');
  expect(line).toContain(' x%20y ');
});
