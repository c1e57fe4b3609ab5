import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MultipartReader, type Part } from './multipart-reader.ts';

const boundary = 'bound';
const type = `multipart/form-data; boundary=${boundary}`;

interface ReadPart extends Part {
  readonly content: string;
}

/** Bytes in pieces, each of which is spoilt as soon as the next one is asked for, as buffers that are freed are. */
async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    const piece = Buffer.from(bytes.subarray(at, at + size));
    at += size;
    yield piece;
    piece.fill(0x58);
  }
}

async function readAll(body: string | Buffer, { sizes = [1000], contentType = type } = {}): Promise<ReadPart[]> {
  const reader = new MultipartReader(cut(Buffer.from(body), sizes), contentType);
  const parts: ReadPart[] = [];
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    const pieces: Buffer[] = [];
    for await (const piece of reader.content()) pieces.push(Buffer.from(piece));
    parts.push({ ...part, content: Buffer.concat(pieces).toString('latin1') });
  }
  return parts;
}

const part = (head: string, content = 'x') => `--${boundary}\r\n${head}\r\n\r\n${content}\r\n`;
const named = (parameters: string, content?: string) => part(`Content-Disposition: form-data; ${parameters}`, content);
const end = `--${boundary}--\r\n`;

describe('parts', () => {
  test.each([
    ['a field', named('name="a"', 'value'), { name: 'a', filename: undefined, content: 'value' }],
    ['a file', named('name="file"; filename="f.txt"'), { name: 'file', filename: 'f.txt', content: 'x' }],
    ['nothing in it', named('name="a"', ''), { name: 'a', content: '' }],
    ['line ends in it', named('name="a"', '\r\n\r\n--boun\r\n'), { content: '\r\n\r\n--boun\r\n' }],
    ['a boundary within a line', named('name="a"', `x--${boundary}\r\n`), { content: `x--${boundary}\r\n` }],
    ['an empty file name', named('name="file"; filename=""'), { filename: '' }],
    ['tokens instead of quoted text', named('name=a; filename=f.txt'), { name: 'a', filename: 'f.txt' }],
    ['a quote in a name', named('name="file"; filename="a\\"b"'), { filename: 'a"b' }],
    ['a path of Windows', named('name="file"; filename="C:\\dir\\f.txt"'), { filename: 'C:\\dir\\f.txt' }],
    ['a name in UTF-8', named('name="ü"; filename="é.txt"'), { name: 'ü', filename: 'é.txt' }],
    ['a semicolon in a name', named('name="a;b"; filename="c; name=d"'), { name: 'a;b', filename: 'c; name=d' }],
    [
      'other headers',
      part('X: y\r\ncontent-disposition:form-data;name="a"\r\nContent-Type: text/plain'),
      { name: 'a' },
    ],
    ['what stands before the first', `preamble\r\n${named('name="a"')}`, { name: 'a', content: 'x' }],
    ['blanks behind a delimiter', named('name="a"').replace('\r\n', ' \t\r\n'), { name: 'a' }],
    ['a plain encoding', part('Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: Binary'), {}],
  ])('%s → read, however it is cut', async (_, body, expected) => {
    for (const sizes of [[1000], [1], [2], [3, 7]]) {
      expect(await readAll(body + end, { sizes })).toMatchObject([expected]);
    }
  });

  test('the end without a line end, and what follows it → understood, and not looked at', async () => {
    expect(await readAll(`${named('name="a"')}--${boundary}--`)).toHaveLength(1);
    expect(await readAll(`${named('name="a"')}${end}${named('name="b"')}`)).toHaveLength(1);
  });

  test.each([
    [`multipart/form-data; boundary="${boundary}"`],
    [`multipart/form-data;charset=utf-8; Boundary=${boundary}; x=y`],
  ])('%s → the boundary is found', async (contentType) => {
    expect(await readAll(named('name="a"') + end, { contentType })).toHaveLength(1);
  });

  test('parts that are not read → skipped', async () => {
    const reader = new MultipartReader(
      cut(Buffer.from(named('name="a"', 'long'.repeat(99)) + named('name="b"') + end), [5]),
      type,
    );
    expect((await reader.next())?.name).toBe('a');
    expect((await reader.next())?.name).toBe('b');
    expect(await reader.next()).toBeUndefined();
    expect(await reader.next()).toBeUndefined();
  });
});

describe('what is not well-formed', () => {
  test.each([
    ['no boundary', named('name="a"') + end, 'multipart/form-data'],
    ['an empty boundary', named('name="a"') + end, 'multipart/form-data; boundary=""'],
    ['a boundary of 71 characters', named('name="a"') + end, `multipart/form-data; boundary=${'b'.repeat(71)}`],
    ['nothing at all', ''],
    ['another boundary', (named('name="a"') + end).replaceAll(boundary, 'other')],
    ['no end', named('name="a"')],
    ['an end in the middle of a delimiter', `${named('name="a"')}--bou`],
    ['an end in a head', `--${boundary}\r\nContent-Dis`],
    ['an end right after a delimiter', `${named('name="a"')}--${boundary}`],
    ['a longer boundary', (named('name="a"') + end).replaceAll(boundary, `${boundary}er`)],
    ['line feeds alone', (named('name="a"') + end).replaceAll('\r\n', '\n')],
    ['no head', `--${boundary}\r\n\r\n\r\nx\r\n${end}`],
    ['no disposition', part('Content-Type: text/plain') + end],
    ['another disposition', part('Content-Disposition: file; name="file"') + end],
    ['no name', named('filename="f"') + end],
    ['two names', named('name="a"; name="b"') + end],
    ['a quote that does not end', named('name="a') + end],
    ['text behind a name', named('name="a"b') + end],
    ['a line that is no header', part('Content-Disposition: form-data; name="a"\r\nnonsense') + end],
    ['a folded line', part('Content-Disposition: form-data;\r\n name="a"') + end],
    ['a name that is not in UTF-8', Buffer.from(named('name="\xff"') + end, 'latin1')],
    ['a head that is too long', part(`Content-Disposition: form-data; name="a"\r\nx: ${'y'.repeat(9000)}`) + end],
  ])('%s → MalformedPOSTRequest', async (_, body, contentType = type) => {
    for (const sizes of [[1000], [1]]) {
      await expect(readAll(body, { sizes, contentType })).rejects.toMatchObject({ code: 'MalformedPOSTRequest' });
    }
  });

  test('an encoding of the content → NotImplemented', async () => {
    const body = part('Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64') + end;
    await expect(readAll(body)).rejects.toMatchObject({ code: 'NotImplemented' });
  });
});

describe('beside another reader', () => {
  /** Text that is full of what delimiters are made of. Node's reader takes the boundary for one wherever it stands. */
  const text = fc
    .array(fc.constantFrom('\r\n', '\r', '\n', '--', '\r\n--boun', 'bou', 'nd', 'x', 'ü'), {
      maxLength: 12,
    })
    .map((pieces) => pieces.join(''))
    .filter((content) => !content.includes(boundary));
  const name = fc.stringMatching(/^[a-z$. ü]{1,8}$/);
  const field = fc.record({ name, content: text, filename: fc.option(name, { nil: undefined }) });

  test('the same parts → the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(field, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        async (fields, sizes) => {
          const parts = fields.map(({ name, filename, content }) =>
            named(`name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}`, content),
          );
          const body = Buffer.from([...parts, end].join(''));
          const form = await new Response(body, { headers: { 'content-type': type } }).formData();
          const expected = await Promise.all(
            [...form].map(async ([key, value]) => {
              const isFile = typeof value !== 'string';
              const bytes = isFile ? Buffer.from(await value.arrayBuffer()) : Buffer.from(value);
              return { name: key, filename: isFile ? value.name : undefined, content: bytes.toString('latin1') };
            }),
          );
          expect(await readAll(body, { sizes })).toEqual(expected);
        },
      ),
    );
  });
});
