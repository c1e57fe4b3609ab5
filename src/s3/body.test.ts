import { describe, expect, test } from 'vitest';
import { unsignedChunks } from '../../test/support/sigv4-sign.ts';
import { BytesAtHand } from '../lib/bytes-at-hand.ts';
import { digest } from '../lib/digests/digester.ts';
import type { PayloadMode } from './auth/payload-mode.ts';
import type { Authentication } from './auth/types.ts';
import { type BodyOptions, openBody, storedContentEncoding } from './body.ts';

const authentication: Authentication = { kind: 'anonymous', payload: { kind: 'none' } };

interface Sent {
  readonly pieces: readonly (string | Uint8Array)[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: PayloadMode;
  /** Thrown after the last piece. */
  readonly failure?: Error;
}

function open({ pieces, headers = {}, payload = { kind: 'none' }, failure }: Sent, options: BodyOptions = {}) {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) yield Buffer.from(piece);
    if (failure !== undefined) throw failure;
  }
  const map = new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return openBody({ source: source(), headers: map, authentication: { ...authentication, payload } }, options);
}

/** Reads the body as the engine does: to its end, then verifies. */
async function take(body: ReturnType<typeof open>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.stream) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  body.verify(await digest(body.algorithms, bytes));
  return bytes.toString();
}

const refused = (code: string) => expect.objectContaining({ name: 'S3Error', code });

describe('a plain body', () => {
  test('of the declared length → its bytes and its length', async () => {
    const body = open({ pieces: ['hel', 'lo'], headers: { 'content-length': '5' } });
    expect(body).toMatchObject({ length: 5, checksumAlgorithm: 'CRC64NVME' });
    expect(await take(body)).toBe('hello');
  });

  test('shorter or longer than declared → IncompleteBody', async () => {
    for (const length of ['4', '6']) {
      await expect(take(open({ pieces: ['hello'], headers: { 'content-length': length } }))).rejects.toThrow(
        refused('IncompleteBody'),
      );
    }
  });

  test('the connection breaks → IncompleteBody with the cause', async () => {
    const failure = new Error('aborted');
    const body = open({ pieces: ['hel'], headers: { 'content-length': '5' }, failure });
    await expect(take(body)).rejects.toThrow(expect.objectContaining({ code: 'IncompleteBody', cause: failure }));
  });

  test('without a length → accepted with chunked transfer, else MissingContentLength where one is required', async () => {
    const chunked = open({ pieces: ['hello'], headers: { 'transfer-encoding': 'chunked' } }, { requireLength: true });
    expect(chunked).not.toHaveProperty('length');
    expect(await take(chunked)).toBe('hello');
    expect(() => open({ pieces: [] }, { requireLength: true })).toThrow(refused('MissingContentLength'));
    expect(await take(open({ pieces: [] }))).toBe('');
  });

  test('over the limit → EntityTooLarge, declared or found out', async () => {
    expect(() => open({ pieces: [], headers: { 'content-length': '11' } }, { maxBytes: 10 })).toThrow(
      expect.objectContaining({ code: 'EntityTooLarge', fields: { ProposedSize: '11', MaxSizeAllowed: '10' } }),
    );
    expect(() => open({ pieces: [], headers: { 'content-length': String(5 * 1024 ** 3 + 1) } })).toThrow(
      refused('EntityTooLarge'),
    );
    await expect(take(open({ pieces: ['123456', '78901'] }, { maxBytes: 10 }))).rejects.toThrow(
      refused('EntityTooLarge'),
    );
  });

  test.each(['-1', '1e3', '', '9'.repeat(17), '5, 5'])('Content-Length %j → InvalidArgument', (length) => {
    expect(() => open({ pieces: [], headers: { 'content-length': length } })).toThrow(refused('InvalidArgument'));
  });

  test('promises that it does not keep → refused by verify', async () => {
    const body = open({ pieces: ['hello'], headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } });
    await expect(take(body)).rejects.toThrow(refused('BadDigest'));
  });
});

test('the client is asked for the body once, when the first byte is wanted', async () => {
  let asked = 0;
  async function* source(): AsyncGenerator<Uint8Array> {
    asked++;
    yield* [Buffer.from('a'), Buffer.from('b')];
  }
  const body = openBody({ source: source(), headers: new Map(), authentication });
  expect(asked).toBe(0);
  await take(body);
  expect(asked).toBe(1);
});

describe('a body that has come with its head', () => {
  const headersOf = (length: number) => new Map([['content-length', [String(length)]]]);
  const source = new BytesAtHand(Buffer.from('hello'));

  test('of the declared length → is passed on as it is', async () => {
    const body = openBody({ source, headers: headersOf(5), authentication });
    expect(body.stream).toBe(source);
    expect(await take(body)).toBe('hello');
  });

  test('shorter than declared → IncompleteBody', async () => {
    const body = openBody({ source, headers: headersOf(6), authentication });
    await expect(take(body)).rejects.toThrow(refused('IncompleteBody'));
  });
});

describe('a body in chunks', () => {
  const payload: PayloadMode = { kind: 'streaming-unsigned', trailer: true };
  const trailer = ['x-amz-checksum-crc32', 'NhCmhg=='] as const;
  const wire = unsignedChunks([Buffer.from('hel'), Buffer.from('lo')], [trailer]);
  const headers = {
    'content-length': String(wire.length),
    'x-amz-decoded-content-length': '5',
    'x-amz-trailer': trailer[0],
  };

  test('decoded length, data and checksum of the trailer', async () => {
    const body = open({ pieces: [wire], headers, payload });
    expect(body).toMatchObject({ length: 5, checksumAlgorithm: 'CRC32' });
    expect(await take(body)).toBe('hello');
  });

  test('a trailer that does not match → BadDigest', async () => {
    const other = unsignedChunks([Buffer.from('hellO')], [trailer]);
    const sent = { pieces: [other], headers: { ...headers, 'content-length': String(other.length) }, payload };
    await expect(take(open(sent))).rejects.toThrow(refused('BadDigest'));
  });

  test('without x-amz-decoded-content-length → MissingContentLength', () => {
    const { 'x-amz-decoded-content-length': _, ...rest } = headers;
    expect(() => open({ pieces: [wire], headers: rest, payload })).toThrow(refused('MissingContentLength'));
  });

  test('cut short on the wire → IncompleteBody', async () => {
    for (let end = 0; end < wire.length; end++) {
      await expect(take(open({ pieces: [wire.subarray(0, end)], headers, payload }))).rejects.toThrow(
        refused('IncompleteBody'),
      );
    }
  });

  test('the limit is of the decoded length', () => {
    expect(() => open({ pieces: [wire], headers, payload }, { maxBytes: 4 })).toThrow(refused('EntityTooLarge'));
    expect(open({ pieces: [wire], headers, payload }, { maxBytes: 5 }).length).toBe(5);
  });
});

test.each([
  ['aws-chunked', undefined],
  ['aws-chunked,gzip', 'gzip'],
  ['gzip, AWS-CHUNKED, br', 'gzip, br'],
  ['gzip', 'gzip'],
  [undefined, undefined],
])('Content-Encoding %j is stored as %j', (sent, stored) => {
  expect(storedContentEncoding(sent)).toBe(stored);
});
