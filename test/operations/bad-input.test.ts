/**
 * Bad input of every kind, over raw sockets: the right 4xx with an XML body, no crash, nothing left behind. After each test
 * the same process must answer and the bucket must list what it listed before.
 */
import { createHash } from 'node:crypto';
import { ListMultipartUploadsCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RawAnswer, type SignedRequest, sendRaw, signRaw, wireBytes } from '../support/raw-http.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { type ChunkSigner, signedChunks, unsignedChunks } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
let bucket: string;
let pid: number;

beforeAll(async () => {
  bucket = await daemon().newBucket();
  await daemon().client.send(new PutObjectCommand({ Bucket: bucket, Key: 'kept', Body: 'kept' }));
});

beforeEach(() => {
  pid = daemon().pid;
});

afterEach(async () => {
  const { client } = daemon();
  const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
  expect(Versions?.map(({ Key }) => Key)).toEqual(['kept']);
  const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  expect(Uploads ?? []).toEqual([]);
  expect(daemon().pid).toBe(pid);
});

type Request = Omit<SignedRequest, 'key' | 'host'>;

const sign = (request: Request) => signRaw({ ...request, key: daemon(), host: `127.0.0.1:${daemon().port}` });
const send = (bytes: string | Uint8Array, halfClose = false): Promise<RawAnswer> =>
  sendRaw(bytes, { port: daemon().port, halfClose });
const sendSigned = (request: Request): Promise<RawAnswer> => send(wireBytes(sign(request), request.body));

/** Refused as the client's fault, in S3's words. */
function expectRefused(answer: RawAnswer, codes: readonly string[]): void {
  expect(codes, answer.body).toContain(answer.code);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.headers.get('content-type')).toBe('application/xml');
}

describe('malformed XML', () => {
  const deep = `${'<a>'.repeat(20_000)}${'</a>'.repeat(20_000)}`;
  const entities = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>';
  const documents: readonly (readonly [string, string | Uint8Array])[] = [
    ['no XML', 'this is not XML'],
    ['cut off', '<Delete><Object><Key>a</Key>'],
    ['wrong root', '<Nothing/>'],
    ['crossed tags', '<Delete><Object></Delete></Object>'],
    ['two roots', '<Delete/><Delete/>'],
    ['entities of its own', `${entities}<Delete><Object><Key>&b;</Key></Object></Delete>`],
    [
      'entity of a file',
      '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><Delete><Object><Key>&f;</Key></Object></Delete>',
    ],
    ['unknown entity', '<Delete><Object><Key>&nothing;</Key></Object></Delete>'],
    ['nested 20,000 deep', deep],
    ['zero bytes', new Uint8Array(100)],
    [
      'invalid UTF-8',
      Buffer.from([...Buffer.from('<Delete><Object><Key>'), 0xff, 0xfe, ...Buffer.from('</Key></Object></Delete>')]),
    ],
    ['nothing', ''],
  ];
  const targets: readonly (readonly [string, string])[] = [
    ['POST', 'delete'],
    ['PUT', 'tagging'],
    ['PUT', 'versioning'],
  ];

  test.for(targets.flatMap((target) => documents.map((document) => [...target, ...document] as const)))(
    '%s ?%s with a body that is %s → MalformedXML',
    async ([method, query, , body]) => {
      const md5 = createHash('md5').update(body).digest('base64');
      const answer = await sendSigned({
        method,
        path: `/${bucket}`,
        query: [[query, '']],
        headers: { 'content-md5': md5 },
        body,
      });
      expectRefused(answer, ['MalformedXML', ...(body === '' ? ['MissingRequestBodyError'] : [])]);
    },
  );

  test('XML above the limit → MaxMessageLengthExceeded or MalformedXML', async () => {
    const body = `<Delete>${'<Object><Key>a</Key></Object>'.repeat(320_000)}</Delete>`;
    const md5 = createHash('md5').update(body).digest('base64');
    const request = {
      method: 'POST',
      path: `/${bucket}`,
      query: [['delete', '']] as const,
      headers: { 'content-md5': md5 },
      body,
    };
    expectRefused(await sendSigned(request), ['MaxMessageLengthExceeded', 'MalformedXML']);
  });
});

describe('streamed bodies with wrong framing', () => {
  const data = Buffer.alloc(70_000, 'x');
  const framing = [
    'IncompleteBody',
    'InvalidChunkSizeError',
    'InvalidRequest',
    'MalformedTrailerError',
    'SignatureDoesNotMatch',
  ];
  const half = Math.floor(data.length / 2);

  const streamed = (payload: string, headers: Record<string, string>): ReturnType<typeof sign> => {
    const known = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': String(data.length) };
    return sign({ method: 'PUT', path: `/${bucket}/framed`, payload, headers: { ...known, ...headers } });
  };
  const mode = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';

  const spoiled: readonly (readonly [string, (body: Buffer, signer: ChunkSigner) => Buffer])[] = [
    ['a size that is no hex', (body) => Buffer.concat([Buffer.from('zz'), body])],
    ['a negative size', (body) => Buffer.concat([Buffer.from('-'), body])],
    ['a size of 30 digits', (body) => Buffer.concat([Buffer.from('f'.repeat(30)), body])],
    ['a chunk head without end', () => Buffer.alloc(70_000, '1')],
    ['a byte changed', (body) => Buffer.from(body).fill('y', half, half + 1)],
    ['a byte lost', (body) => Buffer.concat([body.subarray(0, half), body.subarray(half + 1)])],
    ['no last chunk', (body) => body.subarray(0, body.lastIndexOf('0;chunk-signature'))],
    ['more data than declared', (_, signer) => signedChunks([data, data], signer)],
    ['less data than declared', (_, signer) => signedChunks([data.subarray(1)], signer)],
    ['the chunks of another signature', (_, signer) => signedChunks([data], { ...signer, seed: '0'.repeat(64) })],
    ['bytes after the last chunk', (body) => Buffer.concat([body, Buffer.from('more')])],
  ];

  test.for(spoiled)('%s → refused, nothing stored', async ([, spoil]) => {
    const request = streamed(mode, {});
    const body = spoil(signedChunks([data.subarray(0, 65_536), data.subarray(65_536)], request.signer), request.signer);
    expectRefused(await send(wireBytes(request, body), true), framing);
  });

  test('a trailer whose checksum does not match → BadDigest', async () => {
    const request = streamed('STREAMING-UNSIGNED-PAYLOAD-TRAILER', { 'x-amz-trailer': 'x-amz-checksum-crc32' });
    const body = unsignedChunks([data], [['x-amz-checksum-crc32', 'AAAAAA==']]);
    expectRefused(await send(wireBytes(request, body)), ['BadDigest']);
  });

  test.for([
    ['an announced trailer that is missing', []],
    ['a trailer that was not announced', [['x-amz-checksum-sha1', 'AAAA']]],
    ['a trailer that is no digest', [['x-amz-checksum-crc32', '%%%']]],
  ] as const)('%s → refused', async ([, trailers]) => {
    const request = streamed('STREAMING-UNSIGNED-PAYLOAD-TRAILER', { 'x-amz-trailer': 'x-amz-checksum-crc32' });
    expectRefused(await send(wireBytes(request, unsignedChunks([data], trailers))), [
      ...framing,
      'InvalidArgument',
      'BadDigest',
    ]);
  });

  test.for(['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', 'STREAMING-SOMETHING-NEW', 'not-a-hash'])(
    'payload mode %s → refused, not stored',
    async (payload) => {
      const answer = await send(wireBytes(streamed(payload, {}), data));
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(['InvalidRequest', 'InvalidArgument', 'NotImplemented', 'XAmzContentSHA256Mismatch']).toContain(
        answer.code,
      );
    },
  );
});

describe('bodies and lengths that disagree', () => {
  const put = (extra: readonly string[], body = 'body'): Buffer =>
    wireBytes(sign({ method: 'PUT', path: `/${bucket}/length`, payload: 'UNSIGNED-PAYLOAD' }), body, extra);

  test('body cut off in the middle → nothing stored', async () => {
    const answer = await send(put(['content-length: 1000']), true);
    expect(['IncompleteBody', 'RequestTimeout', 'BadRequest', undefined]).toContain(answer.code);
    expect(answer.status).toBeLessThan(500);
  });

  test.for(['-1', '1e3', '0x10', 'ten', '99999999999999999999999', ' ', '4, 5', '+4'])(
    'Content-Length %s → refused',
    async (length) => {
      expectRefused(await send(put([`content-length: ${length}`]), true), [
        'BadRequest',
        'EntityTooLarge',
        'InvalidArgument',
        'MissingContentLength',
      ]);
    },
  );

  test('two lengths, or a length beside chunked → refused (no smuggled request)', async () => {
    expectRefused(await send(put(['content-length: 4', 'content-length: 5']), true), ['BadRequest']);
    expectRefused(await send(put(['content-length: 4', 'transfer-encoding: chunked']), true), ['BadRequest']);
    expectRefused(await send(put(['transfer-encoding: chunked, identity']), true), ['BadRequest', 'NotImplemented']);
  });

  test('no length at all → MissingContentLength', async () => {
    expectRefused(await send(put([], '')), ['MissingContentLength']);
  });

  test('a length above 5 GiB → EntityTooLarge before the body is sent', async () => {
    expectRefused(await send(put(['content-length: 5368709121', 'expect: 100-continue'], '')), ['EntityTooLarge']);
  });

  test('a body that does not have the signed hash → XAmzContentSHA256Mismatch', async () => {
    const request = sign({ method: 'PUT', path: `/${bucket}/hash`, body: 'signed' });
    expectRefused(await send(wireBytes(request, 'mangled')), ['XAmzContentSHA256Mismatch']);
  });
});

describe('heads that are too large or no HTTP', () => {
  test.for([9, 20, 64, 300])('%i KiB of headers → RequestHeaderSectionTooLarge', async (kibibytes) => {
    const request = sign({
      method: 'PUT',
      path: `/${bucket}/head`,
      headers: { 'x-amz-meta-long': 'x'.repeat(kibibytes * 1024) },
    });
    expectRefused(await send(wireBytes(request)), ['RequestHeaderSectionTooLarge', 'MetadataTooLarge']);
  });

  test.for([2, 20, 300])('key of %i KiB → KeyTooLongError, or refused by the parser', async (kibibytes) => {
    const answer = await sendSigned({ method: 'PUT', path: `/${bucket}/${'k'.repeat(kibibytes * 1024)}` });
    expectRefused(answer, ['KeyTooLongError', 'InvalidURI', 'RequestHeaderSectionTooLarge']);
  });

  test('query of 20 KiB → refused or answered, not stored', async () => {
    const answer = await sendSigned({ method: 'GET', path: `/${bucket}`, query: [['prefix', 'p'.repeat(20_000)]] });
    expect(answer.status).toBeLessThan(500);
  });

  test.for([
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
    ['an unknown method', 'BREW /pot HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['an unknown version', 'GET / HTTP/7.3\r\nhost: a\r\n\r\n'],
    ['a zero byte in a header', 'GET / HTTP/1.1\r\nhost: a\0b\r\n\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nhost\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nhost: a\r\n b: c\r\n\r\n'],
    ['an absolute-form target', 'GET http://elsewhere/x HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['an upgrade', 'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'],
  ] as const)('%s → refused', async ([, bytes]) => {
    const answer = await send(bytes, true);
    if (answer.status !== 0) expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });
});

describe('keys that are no text', () => {
  test.for(['%ff', '%c3', '%c3%28', '%ed%a0%80', '%f8%88%80%80%80', '%zz', '%', '%2', '%%', 'a%c0%afb'])(
    'key %s → refused',
    async (key) => {
      for (const method of ['PUT', 'GET', 'DELETE']) {
        const request = { ...sign({ method, path: '/' }), rawPath: `/${bucket}/${key}` };
        expectRefused(await send(wireBytes(request)), ['InvalidURI', 'InvalidArgument', 'SignatureDoesNotMatch']);
      }
    },
  );

  test.for(['prefix', 'delimiter', 'marker'])('?%s= with invalid escapes → refused', async (name) => {
    for (const value of ['%ff', '%zz', '%']) {
      const request = { ...sign({ method: 'GET', path: `/${bucket}` }), rawQuery: `${name}=${value}` };
      expectRefused(await send(wireBytes(request)), ['InvalidURI', 'InvalidArgument', 'SignatureDoesNotMatch']);
    }
  });

  test('bytes above 127 in the request line → refused', async () => {
    const request = { ...sign({ method: 'GET', path: '/' }), rawPath: `/${bucket}/\xff\xfe` };
    expectRefused(await send(wireBytes(request)), ['InvalidURI', 'BadRequest', 'SignatureDoesNotMatch']);
  });
});

describe('numbers that are none', () => {
  const numbers = [
    '-1',
    '-0.5',
    '1.5',
    '1e3',
    '0x10',
    'NaN',
    'Infinity',
    '99999999999999999999',
    '-99999999999999999999',
    '१',
    ' ',
    'a',
  ];
  const upload: readonly [string, string] = ['uploadId', 'none'];
  const parameters: readonly (readonly [string, string, string, readonly (readonly [string, string])[]])[] = [
    ['GET', '', 'max-keys', []],
    ['GET', '', 'max-keys', [['list-type', '2']]],
    ['GET', '', 'max-keys', [['versions', '']]],
    ['GET', '', 'max-uploads', [['uploads', '']]],
    ['GET', '/kept', 'max-parts', [upload]],
    ['GET', '/kept', 'part-number-marker', [upload]],
    ['PUT', '/kept', 'partNumber', [upload]],
    ['GET', '/kept', 'partNumber', []],
    ['HEAD', '/kept', 'partNumber', []],
  ];

  test.for(parameters)('%s %s?%s= anything but a number in its range → 400', async ([method, path, name, others]) => {
    for (const value of numbers) {
      const request = sign({ method, path: `/${bucket}${path}`, query: [...others, [name, value]] });
      const answer = await sendRaw(wireBytes(request), { port: daemon().port, isHead: method === 'HEAD' });
      expect(answer.status, `${name}=${value}: ${answer.body}`).toBe(400);
      if (method !== 'HEAD') expectRefused(answer, ['InvalidArgument', 'InvalidPartNumber', 'InvalidRequest']);
    }
  });

  test('max-buckets of ListBuckets → 400', async () => {
    for (const value of numbers) {
      const answer = await sendSigned({ method: 'GET', path: '/', query: [['max-buckets', value]] });
      expectRefused(answer, ['InvalidArgument']);
    }
  });

  test('partNumber 0, 10001 → 400', async () => {
    for (const value of ['0', '10001']) {
      const answer = await sendSigned({
        method: 'PUT',
        path: `/${bucket}/kept`,
        query: [upload, ['partNumber', value]],
      });
      expectRefused(answer, ['InvalidArgument']);
    }
  });
});

describe('valid requests, mutated', () => {
  const seed = 20_260_501;

  test(`600 mutations with seed ${seed} → never a 5xx, never a change`, async () => {
    const random = new SeededRandom(seed);
    const body = '<Delete><Object><Key>never was</Key></Object></Delete>';
    const md5 = createHash('md5').update(body).digest('base64');
    const query = [['delete', '']] as const;
    // Each of these, if a mutation leaves it valid, changes nothing.
    const headers = { 'x-amz-copy-source': `/${bucket}/kept`, 'x-amz-metadata-directive': 'REPLACE' };
    const originals = [
      wireBytes(
        sign({ method: 'PUT', path: `/${bucket}/kept`, body: 'kept', headers: { 'x-amz-meta-a': 'b' } }),
        'kept',
      ),
      wireBytes(sign({ method: 'POST', path: `/${bucket}`, query, headers: { 'content-md5': md5 }, body }), body),
      wireBytes(sign({ method: 'PUT', path: `/${bucket}/kept`, headers })),
    ];
    for (let round = 0; round < 600; round++) {
      const original = random.pick(originals);
      const mutated = mutate(original, random);
      if (mutated.equals(original)) continue;
      const answer = await send(mutated, true);
      const isOurFault = answer.status >= 500 && answer.code !== 'NotImplemented';
      expect(isOurFault, `round ${round}: ${answer.status} to ${mutated.toString('latin1')}`).toBe(false);
    }
  });
});

/** One to three bytes of the signed part changed, removed, doubled or added. */
function mutate(original: Buffer, random: SeededRandom): Buffer {
  let bytes = original;
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(bytes.length);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    const noise = random.bytes(1 + random.below(4));
    const changes = [
      [before, noise, after.subarray(noise.length)],
      [before, after.subarray(1)],
      [before, after.subarray(0, 8), after],
      [before, noise, after],
      [before, Buffer.from(random.pick(['\r\n', '%', '\0', ':', '/', '&', '\r\n\r\n'])), after],
    ];
    bytes = Buffer.concat(random.pick(changes));
  }
  return bytes;
}
