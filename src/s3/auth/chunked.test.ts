import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChunkSigner, signedChunks, signHeader, unsignedChunks } from '../../../test/support/sigv4-sign.ts';
import { rootIdentity } from '../../iam/identity.ts';
import { groupHeaders } from '../../lib/sigv4/canonical-request.ts';
import { HmacKey } from '../../lib/sigv4/hmac-key.ts';
import type { SigningContext } from '../../lib/sigv4/signing-key.ts';
import { S3Error } from '../errors.ts';
import { authenticate } from './authenticate.ts';
import { type ChunkedOptions, decodeChunked } from './chunked.ts';

/** The key and date of the examples that AWS publishes. */
const key = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const identity = rootIdentity({ id: '123456789012', displayName: 'd' });
const options = {
  findSecret: () => ({ secret: key.secretAccessKey, identity }),
  region: 'us-east-1',
  nowMs: Date.UTC(2013, 4, 24),
};

const signer: ChunkSigner = signHeader({ method: 'PUT', path: '/b/k', headers: { host: 'localhost' } }, key, {
  date: new Date(options.nowMs),
  payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
}).signer;
const signing: SigningContext = {
  accessKeyId: key.accessKeyId,
  key: new HmacKey(signer.key),
  scope: signer.scope,
  timestamp: signer.timestamp,
  signature: signer.seed,
};

async function decode(body: Uint8Array, how: ChunkedOptions, cuts: readonly number[] = []) {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const to of [...cuts.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b), body.length]) {
    pieces.push(body.subarray(from, to));
    from = to;
  }
  const decoded = decodeChunked(
    (async function* () {
      yield* pieces;
    })(),
    how,
  );
  const data: Uint8Array[] = [];
  for await (const bytes of decoded.stream) data.push(bytes);
  return { data: Buffer.concat(data), trailers: Object.fromEntries(decoded.trailers) };
}

const code = (name: string) => expect.objectContaining({ name: 'S3Error', code: name });
const bytes = (n: number) => Uint8Array.from({ length: n }, (_, i) => (i * 31) & 255);

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html */
describe("AWS's examples: 65 KiB of the letter a in chunks of 64 KiB", () => {
  function request(signature: string, headers: Record<string, string>) {
    const names = ['content-encoding', 'host', 'x-amz-content-sha256', 'x-amz-date', ...Object.keys(headers)];
    const signedHeaders = [...new Set(names)].sort().join(';');
    const all = {
      host: 's3.amazonaws.com',
      'x-amz-date': '20130524T000000Z',
      'content-encoding': 'aws-chunked',
      ...headers,
      authorization: `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`,
    };
    return {
      method: 'PUT',
      rawPath: '/examplebucket/chunkObject.txt',
      rawQuery: '',
      headers: groupHeaders(Object.entries(all).flat()),
    };
  }
  const letters = Buffer.alloc(66_560, 'a');

  function seedContext(signature: string, headers: Record<string, string>): SigningContext {
    const authentication = authenticate(request(signature, headers), options);
    if (authentication.kind !== 'signed' || !authentication.signing) throw new Error('not signed');
    return authentication.signing;
  }

  function wire(signatures: readonly string[]): string {
    const [first, second, last] = signatures;
    return `10000;chunk-signature=${first}\r\n${'a'.repeat(65_536)}\r\n400;chunk-signature=${second}\r\n${'a'.repeat(1_024)}\r\n0;chunk-signature=${last}\r\n`;
  }

  test('chunk signatures verify', async () => {
    const context = seedContext('4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9', {
      'content-length': '66824',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-decoded-content-length': '66560',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    });
    const body = `${wire([
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    ])}\r\n`;
    expect(body.length).toBe(66_824);
    const decoded = await decode(Buffer.from(body), { decodedLength: 66_560, signing: context });
    expect(decoded.data.equals(letters)).toBe(true);
  });

  test('trailer signature verifies', async () => {
    const context = seedContext('106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e', {
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': '66560',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-trailer': 'x-amz-checksum-crc32c',
    });
    const chunks = wire([
      'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
      '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
      '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    ]);
    const body = `${chunks}x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n`;
    const how = { decodedLength: 66_560, signing: context, trailers: ['x-amz-checksum-crc32c'] };
    expect((await decode(Buffer.from(body), how)).trailers).toEqual({ 'x-amz-checksum-crc32c': 'sOO8/Q==' });
  });
});

const checksum = ['x-amz-checksum-crc32', 'AAAAAA=='] as const;
const names = [checksum[0]];

/** The three modes with a body of 20,000 bytes. */
const data = Buffer.from(bytes(20_000));
const pieces = [data.subarray(0, 8_192), data.subarray(8_192, 17_000), data.subarray(17_000)];
const modes: readonly { mode: string; body: Buffer; how: ChunkedOptions }[] = [
  { mode: 'signed', body: signedChunks(pieces, signer), how: { decodedLength: 20_000, signing } },
  {
    mode: 'signed with trailer',
    body: signedChunks(pieces, signer, [checksum]),
    how: { decodedLength: 20_000, signing, trailers: names },
  },
  {
    mode: 'unsigned with trailer',
    body: unsignedChunks(pieces, [checksum]),
    how: { decodedLength: 20_000, trailers: names },
  },
];

describe.each(modes)('$mode', ({ body, how }) => {
  test('however the bytes arrive → the same data and trailers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 40 }), async (cuts) => {
        const decoded = await decode(body, how, cuts);
        expect(decoded.data.equals(data)).toBe(true);
        expect(decoded.trailers).toEqual(how.trailers === undefined ? {} : { [checksum[0]]: checksum[1] });
      }),
      { numRuns: 50 },
    );
    const oneByOne = Array.from(body.keys());
    expect((await decode(body, how, oneByOne)).data.equals(data)).toBe(true);
  });

  test('cut short anywhere → an S3Error', async () => {
    const ends = [...Array(300).keys(), ...Array.from({ length: 300 }, (_, i) => body.length - 1 - i), 9_000, 17_500];
    for (const end of ends) await expect(decode(body.subarray(0, end), how)).rejects.toThrow(S3Error);
  });

  test('declared length too long or too short → IncompleteBody', async () => {
    for (const decodedLength of [19_999, 20_001, 0]) {
      await expect(decode(body, { ...how, decodedLength })).rejects.toThrow(code('IncompleteBody'));
    }
  });

  test('bytes after the end → InvalidRequest', async () => {
    await expect(decode(Buffer.concat([body, Buffer.from('x')]), how)).rejects.toThrow(code('InvalidRequest'));
    await expect(decode(Buffer.concat([body, Buffer.from('\r\n\r\n\r\n')]), how)).rejects.toThrow(
      code('InvalidRequest'),
    );
  });

  test('mutated bytes → the right data or an S3Error, nothing else', async () => {
    const mutation = fc.tuple(fc.nat(), fc.constantFrom('flip', 'drop', 'add'), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        let mutated: Buffer = body;
        for (const [place, kind, value] of mutations) mutated = mutate(mutated, place, kind, value);
        const outcome = await decode(mutated, how).catch((error: Error) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(S3Error);
        else if (how.signing !== undefined) expect(data.equals(outcome.data)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

/** Half of the mutations hit the framing at the start or the end. */
function mutate(body: Buffer, place: number, kind: string, value: number): Buffer {
  const near = place % 400;
  const at = place % 4 === 0 ? near % 90 : place % 4 === 1 ? body.length - 1 - near : place % body.length;
  const middle = kind === 'flip' ? [value] : kind === 'drop' ? [] : [value, body[at] ?? 0];
  return Buffer.concat([body.subarray(0, at), Buffer.from(middle), body.subarray(at + 1)]);
}

test('random bytes → an S3Error', async () => {
  const framing = fc.constantFrom(
    '0\r\n',
    '\r\n',
    '5\r\nhello\r\n',
    ':',
    ';chunk-signature=',
    'x-amz-checksum-crc32:a\r\n',
  );
  const noise = fc.string({ unit: 'binary', maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(framing, noise), { maxLength: 12 }), async (parts) => {
      const body = Buffer.from(parts.join(''), 'latin1');
      await expect(decode(body, { decodedLength: 20_000, trailers: names })).rejects.toThrow(S3Error);
      await expect(decode(body, { decodedLength: 20_000, signing, trailers: names })).rejects.toThrow(S3Error);
    }),
    { numRuns: 300 },
  );
});

test('one changed byte in a signed chunk → SignatureDoesNotMatch, before the last of the chunk is passed on', async () => {
  const [signed] = modes;
  if (signed === undefined) throw new Error('no mode');
  const body = Buffer.from(signed.body);
  body[100] = (body[100] ?? 0) ^ 1;
  await expect(decode(body, signed.how)).rejects.toThrow(code('SignatureDoesNotMatch'));
});

test('a changed signed trailer → SignatureDoesNotMatch', async () => {
  const body = signedChunks([data], signer, [checksum]).toString('latin1').replace('AAAAAA==', 'AAAAAQ==');
  const how = { decodedLength: 20_000, signing, trailers: names };
  await expect(decode(Buffer.from(body, 'latin1'), how)).rejects.toThrow(code('SignatureDoesNotMatch'));
});

test('chunks in another order → SignatureDoesNotMatch', async () => {
  const swapped = Buffer.concat([
    signedChunks([pieces[1] ?? data], signer).subarray(0, -86),
    signedChunks([pieces[0] ?? data], signer),
  ]);
  await expect(decode(swapped, { decodedLength: 17_000, signing })).rejects.toThrow(code('SignatureDoesNotMatch'));
});

test('a small signed chunk before the last → InvalidChunkSizeError', async () => {
  const body = signedChunks([bytes(8_191), bytes(10)], signer);
  await expect(decode(body, { decodedLength: 8_201, signing })).rejects.toThrow(code('InvalidChunkSizeError'));
  const whole = signedChunks([bytes(8_192), bytes(10)], signer);
  expect((await decode(whole, { decodedLength: 8_202, signing })).data.length).toBe(8_202);
});

test('trailers missing, not announced or twice → MalformedTrailerError', async () => {
  const other = ['x-amz-checksum-sha1', 'AAAA'] as const;
  for (const trailers of [[], [other], [checksum, other], [checksum, checksum]]) {
    const how = { decodedLength: 10, trailers: names };
    await expect(decode(unsignedChunks([bytes(10)], trailers), how)).rejects.toThrow(code('MalformedTrailerError'));
    const signedHow = { ...how, signing };
    const body = signedChunks([bytes(10)], signer, trailers);
    await expect(decode(body, signedHow)).rejects.toThrow(code('MalformedTrailerError'));
  }
});

test('lines of trailers that end as some clients end them → accepted', async () => {
  const unsigned = Buffer.from(`a\r\n0123456789\r\n0\r\n${checksum.join(':')}\n\r\n\r\n`);
  expect((await decode(unsigned, { decodedLength: 10, trailers: names })).trailers).toEqual({
    [checksum[0]]: checksum[1],
  });
  const text = signedChunks([data], signer, [checksum]).toString('latin1');
  const signed = text.replace(`${checksum[1]}\r\n`, `${checksum[1]}\n\r\n`);
  const how = { decodedLength: 20_000, signing, trailers: names };
  expect((await decode(Buffer.from(signed, 'latin1'), how)).data.equals(data)).toBe(true);
});

test('unsigned chunks where signed ones are expected, and the reverse → InvalidRequest', async () => {
  const how = { decodedLength: 20_000, trailers: names };
  await expect(decode(unsignedChunks([data], [checksum]), { ...how, signing })).rejects.toThrow(code('InvalidRequest'));
  await expect(decode(signedChunks([data], signer, [checksum]), how)).rejects.toThrow(code('InvalidRequest'));
});

test('a line that never ends → refused before it is all taken', async () => {
  let sent = 0;
  const endless = decodeChunked(
    (async function* () {
      for (;;) {
        sent += 1000;
        yield Buffer.alloc(1000, '0');
      }
    })(),
    { decodedLength: 10 },
  );
  await expect(endless.stream[Symbol.asyncIterator]().next()).rejects.toThrow(code('InvalidRequest'));
  expect(sent).toBeLessThan(10_000);
});

test('data is passed on in views of what came', async () => {
  const wire = unsignedChunks([bytes(1_000)], [checksum]);
  const decoded = decodeChunked(
    (async function* () {
      yield wire;
    })(),
    { decodedLength: 1_000, trailers: names },
  );
  for await (const piece of decoded.stream) expect(piece.buffer).toBe(wire.buffer);
});
