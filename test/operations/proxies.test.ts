/** Behind a reverse proxy: who the client is, and signatures for hosts by which only the proxy is known. */
import {
  CreateMultipartUploadCommand,
  DeletePublicAccessBlockCommand,
  PutBucketPolicyCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { signedRequests } from '../support/signed-requests.ts';
import { presign, sha256Hex } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon({
  config: `
domains: [s3.example.org, inner]
trustedProxies: [127.0.0.0/8, '10.0.0.1']
publicEndpoints: ['https://s3.example.org', 'http://cdn.example.com:8080']
`,
});
const { sign, send, sendWire } = signedRequests(daemon);
let bucket: string;

beforeAll(async () => {
  bucket = await daemon().newBucket();
  await send({ method: 'PUT', path: `/${bucket}/k`, body: 'content' });
});

/** Signed for one host and shown to the server with other headers, as proxies do. */
function throughProxy(signedFor: string, shown: Readonly<Record<string, string>>, path = `/${bucket}/k`) {
  const wire = sign({ method: 'GET', path, host: signedFor });
  return sendWire({ ...wire, headers: { ...wire.headers, ...shown } });
}

describe('signed for a public endpoint, Host replaced by the proxy', () => {
  test.for(['s3.example.org', 'cdn.example.com:8080'])('%s → verified', async (host) => {
    expect((await throughProxy(host, { host: '10.1.1.1:9000' })).body).toBe('content');
    const request = { method: 'GET', path: `/${bucket}/k`, headers: { host } };
    const presigned = presign(request, daemon(), { date: new Date(), expiresSeconds: 60 });
    const answer = await sendWire({ ...presigned, headers: { host: 'upstream' } });
    expect(answer.body).toBe('content');
  });

  test.for(['other.example.org', 'cdn.example.com', 's3.example.org:444'])(
    '%s → SignatureDoesNotMatch',
    async (host) => {
      expect((await throughProxy(host, { host: '10.1.1.1:9000' })).code).toBe('SignatureDoesNotMatch');
    },
  );

  test('a bucket in the host, under a domain → verified for that bucket', async () => {
    expect((await throughProxy(`${bucket}.s3.example.org`, { host: `${bucket}.inner` }, '/k')).body).toBe('content');
  });

  test('a signature for one bucket shown for another → SignatureDoesNotMatch', async () => {
    const shown = { host: `${bucket}.inner` };
    expect((await throughProxy('other.s3.example.org', shown, '/k')).code).toBe('SignatureDoesNotMatch');
    expect((await throughProxy('s3.example.org', shown, '/k')).code).toBe('SignatureDoesNotMatch');
    const byPath = await throughProxy(`other.s3.example.org`, { host: 'upstream' });
    expect(byPath.code).toBe('SignatureDoesNotMatch');
  });

  test('IAM and the operator → verified too', async () => {
    const body = 'Action=GetUser&Version=2010-05-08';
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const iam = sign({
      method: 'POST',
      path: '/',
      host: 's3.example.org',
      headers: form,
      body,
      payload: sha256Hex(body),
    });
    const answer = await sendWire({ ...iam, headers: { ...iam.headers, host: 'upstream' } }, body);
    expect(answer.body).toContain('There is no service s3 here');
    expect((await throughProxy('s3.example.org', { host: 'upstream' }, '/-/jobs')).status).toBe(200);
  });
});

describe('X-Forwarded-Host', () => {
  test('of any host, path style → verified, and Location begins with it', async () => {
    const location = await completedThrough({ host: 'my.host:81', 'x-forwarded-proto': 'https' });
    expect(location).toBe(`https://my.host:81/${bucket}/parts`);
  });

  test('with a bucket in it, under a domain → that bucket', async () => {
    const shown = { host: 'upstream', 'x-forwarded-host': `${bucket}.s3.example.org` };
    expect((await throughProxy(`${bucket}.s3.example.org`, shown, '/k')).body).toBe('content');
  });

  test('without the port that was signed, and Host left as it came → verified', async () => {
    expect((await throughProxy('my.host:81', { host: 'my.host:81', 'x-forwarded-host': 'my.host' })).body).toBe(
      'content',
    );
  });
});

test('signed for a public endpoint → Location begins with it', async () => {
  const location = await completedThrough({ host: 'cdn.example.com:8080' }, { host: 'upstream' });
  expect(location).toBe(`http://cdn.example.com:8080/${bucket}/parts`);
});

describe('conditions of policies', () => {
  const condition = (what: object) => ({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: `arn:aws:s3:::${bucket}/*`,
        Condition: what,
      },
    ],
  });
  const setPolicy = (what: object) =>
    daemon().client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(condition(what)) }));
  const status = async (headers: Record<string, string>) => {
    const wire = { method: 'GET', rawPath: `/${bucket}/k`, rawQuery: '', headers: { host: 'h', ...headers } };
    return (await sendWire(wire)).status;
  };

  test('aws:SourceIp → the client as the proxy tells it', async () => {
    await daemon().client.send(new DeletePublicAccessBlockCommand({ Bucket: bucket }));
    await setPolicy({ IpAddress: { 'aws:SourceIp': '198.51.100.0/24' } });
    expect(await status({ 'x-forwarded-for': '198.51.100.7' })).toBe(200);
    expect(await status({ 'x-forwarded-for': '198.51.100.7, 10.0.0.1' })).toBe(200);
    expect(await status({ 'x-forwarded-for': '198.51.100.7, 203.0.113.1' })).toBe(403);
    expect(await status({ 'x-forwarded-for': '198.51.100.7, 203.0.113.1, 10.0.0.1' })).toBe(403);
    expect(await status({})).toBe(403);
  });

  test('aws:SecureTransport → how the client spoke to the proxy', async () => {
    await setPolicy({ Bool: { 'aws:SecureTransport': 'true' } });
    expect(await status({ 'x-forwarded-proto': 'https' })).toBe(200);
    expect(await status({ 'x-forwarded-proto': 'http' })).toBe(403);
    expect(await status({})).toBe(403);
  });
});

/** Where a completed upload is said to be, to a client that signs for a host which a proxy may show otherwise. */
async function completedThrough(signed: Record<string, string>, shown: Record<string, string> = {}): Promise<string> {
  const object = { Bucket: bucket, Key: 'parts' };
  const { UploadId } = await daemon().client.send(new CreateMultipartUploadCommand(object));
  const part = { ...object, UploadId, PartNumber: 1 };
  const { ETag } = await daemon().client.send(new UploadPartCommand({ ...part, Body: 'x' }));
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${ETag}</ETag></Part></CompleteMultipartUpload>`;
  const { host = '', ...headers } = signed;
  const wire = sign({ method: 'POST', path: `/${bucket}/parts`, query: [['uploadId', UploadId ?? '']], body, host });
  const forwarded = shown['host'] === undefined ? { host: 'upstream', 'x-forwarded-host': host } : shown;
  const answer = await sendWire({ ...wire, headers: { ...wire.headers, ...headers, ...forwarded } }, body);
  return /<Location>(.*)<\/Location>/.exec(answer.body)?.[1] ?? answer.body;
}
