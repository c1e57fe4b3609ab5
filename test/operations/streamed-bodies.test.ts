/** Bodies in signed and unsigned chunks, whole and tampered with. Short ones are held in memory, long ones written as they come. */
import { createHash } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RawAnswer, sendRaw, wireBytes } from '../support/raw-http.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { type ChunkSigner, signedChunks, unsignedChunks } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const { sign, send } = signedRequests(daemon);
let bucket: string;

beforeAll(async () => {
  bucket = await daemon().newBucket();
});

beforeEach(async () => {
  await send({ method: 'PUT', path: `/${bucket}/kept`, body: 'kept' });
});

const signed = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
const signedWithTrailer = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
const unsignedWithTrailer = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
const modes = [signed, signedWithTrailer, unsignedWithTrailer] as const;
const trailer = 'x-amz-checksum-sha256';

interface Streamed {
  readonly mode: string;
  readonly key: string;
  readonly data: Buffer;
  readonly chunkBytes?: number;
  /** Value of the trailer; the right one without it. */
  readonly trailerValue?: string;
  /** Changes the bytes on the wire. */
  readonly spoil?: (body: Buffer) => Buffer;
  /** By HTTP's own chunks, without a length. */
  readonly isHttpChunked?: boolean;
}

/** Codes by which a body that was tampered with may be refused. */
const refusals = ['SignatureDoesNotMatch', 'BadDigest', 'IncompleteBody', 'InvalidRequest', 'MalformedTrailerError'];

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('base64');

function pieces(data: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(data.length / size) }, (_, n) => data.subarray(n * size, (n + 1) * size));
}

function encode({ mode, data, chunkBytes = 65_536, trailerValue }: Streamed, signer: ChunkSigner): Buffer {
  const trailers = [[trailer, trailerValue ?? sha256(data)]] as const;
  const chunks = pieces(data, chunkBytes);
  if (mode === unsignedWithTrailer) return unsignedChunks(chunks, trailers);
  return signedChunks(chunks, signer, mode === signedWithTrailer ? trailers : undefined);
}

function put(request: Streamed): Promise<RawAnswer> {
  const { mode, key, data, spoil = (body) => body, isHttpChunked = false } = request;
  const headers = {
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': String(data.length),
    ...(mode === signed ? {} : { 'x-amz-trailer': trailer }),
  };
  const head = sign({ method: 'PUT', path: `/${bucket}/${key}`, payload: mode, headers });
  const body = spoil(encode(request, head.signer));
  const extra = [isHttpChunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`];
  return sendRaw(wireBytes(head, isHttpChunked ? httpChunks(body) : body, extra), { port: daemon().port });
}

function httpChunks(body: Buffer): Buffer {
  const chunks = pieces(body, 10_000).flatMap((piece) => [
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]);
}

const get = (key: string): Promise<RawAnswer> => send({ method: 'GET', path: `/${bucket}/${key}` });

/** ASCII, so that it survives as text. */
const dataOf = (size: number): Buffer => Buffer.alloc(size, '0123456789 ninefold\n');

describe.for(modes)('%s', (mode) => {
  const sizes: readonly (readonly [size: number, chunkBytes: number])[] = [
    [0, 65_536],
    [1, 65_536],
    [8_192, 8_192],
    [70_000, 65_536],
    [100_000, 8_192],
    [3_000_000, 65_536],
  ];

  test.for(sizes)('%i bytes in chunks of %i → stored, read back, plain', async ([size, chunkBytes]) => {
    const data = dataOf(size);
    const answer = await put({ mode, key: 'streamed', data, chunkBytes });
    expect(answer.status, answer.body).toBe(200);
    if (mode !== signed) expect(answer.headers.get(trailer)).toBe(sha256(data));
    const got = await get('streamed');
    expect(got.body.length).toBe(size);
    expect(got.body === data.toString()).toBe(true);
    expect(got.headers.get('content-encoding')).toBeUndefined();
  });

  test("over HTTP's own chunks → stored", async () => {
    const data = dataOf(70_000);
    const answer = await put({ mode, key: 'streamed', data, isHttpChunked: true });
    expect(answer.status, answer.body).toBe(200);
    expect((await get('streamed')).body === data.toString()).toBe(true);
  });

  const flip = (at: (body: Buffer) => number) => (body: Buffer) => {
    const changed = Buffer.from(body);
    const index = at(body);
    changed[index] = changed[index] === 0x30 ? 0x31 : 0x30;
    return changed;
  };
  const lastOf = (text: string, after: number) => (body: Buffer) => body.lastIndexOf(text) + text.length + after;
  const spoiled: readonly (readonly [string, (body: Buffer) => Buffer])[] = [
    ['a byte of data changed', flip((body) => body.length >> 1)],
    ['the end missing', (body) => body.subarray(0, -10)],
    ...(mode === unsignedWithTrailer
      ? []
      : ([
          ['the signature of the first chunk changed', flip((body) => body.indexOf('chunk-signature=') + 20)],
          ['the signature of the last chunk changed', flip(lastOf('chunk-signature=', 5))],
        ] as const)),
    ...(mode === signed ? [] : ([['the trailer changed', flip(lastOf(`${trailer}:`, 3))]] as const)),
    ...(mode === signedWithTrailer
      ? ([
          ['the signature of the trailer changed', flip(lastOf('x-amz-trailer-signature:', 5))],
          [
            'the signature of the trailer missing',
            (body: Buffer) => body.subarray(0, body.indexOf('x-amz-trailer-signature')),
          ],
        ] as const)
      : []),
  ];

  test.for(spoiled.flatMap((row) => [70_000, 3_000_000].map((size) => [...row, size] as const)))(
    '%s → refused, nothing stored, nothing replaced',
    async ([, spoil, size]) => {
      for (const key of ['kept', 'streamed-and-refused']) {
        const answer = await put({ mode, key, data: dataOf(size), spoil });
        expect(answer.status, answer.body).toBeGreaterThanOrEqual(400);
        expect(answer.status, answer.body).toBeLessThan(500);
        expect(refusals).toContain(answer.code);
      }
      expect((await get('kept')).body).toBe('kept');
      expect((await get('streamed-and-refused')).status).toBe(404);
    },
  );
});

describe('what is refused by its code', () => {
  const data = dataOf(70_000);

  test('data changed under a signed chunk → SignatureDoesNotMatch that says what was to be signed', async () => {
    const spoil = (body: Buffer) => Buffer.from(body).fill('y', 200, 201);
    const answer = await put({ mode: signed, key: 'refused', data, spoil });
    expect([answer.status, answer.code]).toEqual([403, 'SignatureDoesNotMatch']);
    expect(answer.body).toContain('<StringToSign>AWS4-HMAC-SHA256-PAYLOAD\n');
  });

  test('a signed trailer with the checksum of other data → BadDigest', async () => {
    const trailerValue = sha256(Buffer.from('other'));
    for (const mode of [signedWithTrailer, unsignedWithTrailer]) {
      const answer = await put({ mode, key: 'refused', data, trailerValue });
      expect([answer.status, answer.code]).toEqual([400, 'BadDigest']);
    }
    expect((await get('refused')).status).toBe(404);
  });

  test('a chunk below 8 KiB before the last → InvalidChunkSizeError', async () => {
    const answer = await put({ mode: signed, key: 'refused', data, chunkBytes: 8_191 });
    expect(answer.code).toBe('InvalidChunkSizeError');
    expect((await get('refused')).status).toBe(404);
  });

  test.for([
    'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER',
    'STREAMING-NOVELTY',
    'streaming-unsigned-payload-trailer',
  ])('mode %s → InvalidArgument, nothing stored', async (mode) => {
    for (const key of ['kept', 'refused']) {
      const answer = await put({ mode, key, data });
      expect([answer.status, answer.code]).toEqual([400, 'InvalidArgument']);
    }
    expect((await get('kept')).body).toBe('kept');
    expect((await get('refused')).status).toBe(404);
  });

  test('a part in signed chunks → stored; tampered with → refused and not listed', async () => {
    const path = `/${bucket}/parts`;
    const started = await send({ method: 'POST', path, query: [['uploads', '']] });
    const uploadId = /<UploadId>(.*?)<\/UploadId>/.exec(started.body)?.[1] ?? '';
    for (const [partNumber, status] of [
      ['1', 200],
      ['2', 403],
    ] as const) {
      const query = [
        ['partNumber', partNumber],
        ['uploadId', uploadId],
      ] as const;
      const headers = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': String(data.length) };
      const head = sign({ method: 'PUT', path, query, payload: signed, headers });
      const body = signedChunks([data], status === 200 ? head.signer : { ...head.signer, seed: '0'.repeat(64) });
      const answer = await sendRaw(wireBytes(head, body), { port: daemon().port });
      expect(answer.status, answer.body).toBe(status);
    }
    const parts = await send({ method: 'GET', path, query: [['uploadId', uploadId]] });
    expect(parts.body.match(/<PartNumber>\d+/g)).toEqual(['<PartNumber>1']);
    await send({ method: 'DELETE', path, query: [['uploadId', uploadId]] });
  });
});
