/** What AWS's own SDK sends, taken before it reaches the wire, against the verifier. */
import { Readable } from 'node:stream';
import { ListObjectsV2Command, PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { rootIdentity } from '../../iam/identity.ts';
import { digest } from '../../lib/digests/digester.ts';
import { groupHeaders } from '../../lib/sigv4/canonical-request.ts';
import { openBody } from '../body.ts';
import { authenticate } from './authenticate.ts';

const identity = rootIdentity({ id: '123456789012', displayName: 'd' });
const sessionToken = 'token+/=';

interface Captured {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A client whose requests end up in `captured`, each answered by an error. */
function capturing(options: S3ClientConfig = {}): { client: S3Client; captured: Captured[] } {
  const captured: Captured[] = [];
  const client = new S3Client({
    endpoint: 'http://127.0.0.1:9',
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken },
    requestHandler: {
      handle: async (request: Captured) => {
        captured.push(request);
        throw new Error('captured');
      },
    },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    ...options,
  });
  return { client, captured };
}

function receive(request: Captured | undefined) {
  if (request === undefined) throw new Error('the client has sent nothing');
  const pairs = Object.entries(request.query ?? {}).flatMap(([name, value]) =>
    (value === null ? [''] : [value].flat()).map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`),
  );
  const headers = groupHeaders(Object.entries(request.headers).flat());
  const authentication = authenticate(
    { method: request.method, rawPath: request.path, rawQuery: pairs.join('&'), headers },
    {
      findSecret: () => ({ secret: 'secret', identity, sessionToken }),
      region: 'us-east-1',
      nowMs: Date.parse((headers.get('x-amz-date')?.[0] ?? '').replace(/(....)(..)(..T..)(..)/, '$1-$2-$3:$4:')),
    },
  );
  return { headers, authentication };
}

test.each(['a//b', '../x', '%', '+ +', '😀/é', "!'()*", '\u0001', 'a&b=c;d?e#f'])(
  'key and prefix %j → verified',
  async (name) => {
    const { client, captured } = capturing();
    await expect(client.send(new PutObjectCommand({ Bucket: 'b', Key: name, Body: 'x' }))).rejects.toThrow('captured');
    const list = new ListObjectsV2Command({ Bucket: 'b', Prefix: name, Delimiter: '/', StartAfter: '' });
    await expect(client.send(list)).rejects.toThrow('captured');
    expect(captured.map((request) => receive(request).authentication.kind)).toEqual(['signed', 'signed']);
  },
);

test('a stream as body → chunks with a trailer, decoded and verified', async () => {
  const { client, captured } = capturing();
  const data = Buffer.alloc(100_000, 'x');
  const body = Readable.from([data.subarray(0, 70_000), data.subarray(70_000)]);
  const put = new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: body, ContentLength: data.length });
  await expect(client.send(put)).rejects.toThrow('captured');
  const { headers, authentication } = receive(captured[0]);
  expect(authentication.payload).toEqual({ kind: 'streaming-unsigned', trailer: true });
  const wire = captured[0]?.body;
  if (!(wire instanceof Readable)) throw new Error('the body is no stream');
  const opened = openBody({ source: wire, headers, authentication });
  const received: Uint8Array[] = [];
  for await (const chunk of opened.stream) received.push(chunk);
  expect(Buffer.concat(received).equals(data)).toBe(true);
  expect(opened.checksumAlgorithm).toBe('CRC32');
  opened.verify(await digest(opened.algorithms, data));
});
