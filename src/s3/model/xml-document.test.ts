import fc from 'fast-check';
import { expect, test } from 'vitest';
import { S3Error } from '../errors.ts';
import { decoderOf } from './decode.ts';
import { parseXml } from './xml-document.ts';

function parse(text: string): unknown {
  return parseXml(Buffer.from(text, 'utf8'));
}

const refused = [
  ['nothing', ''],
  ['white space', ' \n'],
  ['text alone', 'junk'],
  ['text after the root', '<a>x</a>junk'],
  ['text before the root', 'junk<a/>'],
  ['two roots', '<a/><b/>'],
  ['an unclosed element', '<a><b></b>'],
  ['crossed elements', '<a><b></a></b>'],
  ['a cut tag', '<a/'],
  ['an unclosed CDATA section', '<a><![CDATA[x</a>'],
  ['a bare ampersand', '<a>x & y</a>'],
  ['an unknown entity', '<a>&nbsp;</a>'],
  ['an entity named as an object member', '<a>&constructor;</a>'],
  ['a reference to no character', '<a>&#0;</a>'],
  ['a reference to half a character', '<a>&#xD800;</a>'],
  ['a reference beyond Unicode', '<a>&#x110000;</a>'],
  ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
  ['a document type that says nothing', '<!DOCTYPE a><a>x</a>'],
  ['an unquoted attribute', '<a b=1/>'],
  ['attributes without a blank between', '<a b="1"c="2"/>'],
  ['a reference that does not end', '<a>&amp</a>'],
  ['a CDATA section before the root', '<![CDATA[ ]]><a/>'],
  ['a name that begins with a digit', '<1/>'],
  ['a space before a name', '< a/>'],
  ['a repeated attribute', '<a b="1" b="2"/>'],
  ['a name of prototypes', '<a><__proto__>1</__proto__></a>'],
  ['a NUL', '<a>\0</a>'],
  ['depth', `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`],
  ['great depth', '<a>'.repeat(100_000)],
] as const;

test.each(refused)('%s is MalformedXML', (_, text) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'MalformedXML' }));
});

test('bytes that are no UTF-8 are MalformedXML', () => {
  expect(() => parseXml(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))).toThrow(S3Error);
});

const mebibyte = 1024 * 1024;
const fill = (piece: string, bytes = 8 * mebibyte): string => piece.repeat(bytes / piece.length);

test.each([
  ['elements side by side', `<a>${fill('<b/>')}</a>`],
  ['elements with text', `<a>${fill('<b>c</b>')}</a>`],
  ['attributes', `<a ${Array.from({ length: 700_000 }, (_, i) => `a${i}=""`).join(' ')}/>`],
  ['elements with attributes', `<a>${fill('<b c="" d=""/>')}</a>`],
  ['comments', `<a>${fill('<!---->')}</a>`],
  ['instructions', `<a>${fill('<?b?>')}</a>`],
  ['CDATA sections', `<a>${fill('<![CDATA[]]>')}</a>`],
  ['sections that do not end', `<a>${fill('<![CDATA[')}`],
  ['comments that do not end', `<a>${fill('<!--')}`],
  ['brackets', fill('<')],
  ['ampersands', `<a>${fill('&')}</a>`],
  // The parser goes over text character by character.
  ['a name, of one', `<${fill('a', mebibyte)}/>`],
  ['blanks in a tag, of one', `<a${fill(' ', mebibyte)}/>`],
  ['quotes, of one', `<a b="${fill("'", mebibyte)}"/>`],
])('8 MiB of %s hold nobody up', (_, text) => {
  const body = Buffer.from(text);
  const before = process.threadCpuUsage();
  try {
    parseXml(body);
  } catch (error) {
    expect(error).toMatchObject({ code: 'MalformedXML' });
  }
  const { user, system } = process.threadCpuUsage(before);
  // Some times what it takes, and a fifth of what it takes to build a tree of all that.
  expect((user + system) / 1000).toBeLessThan(500);
});

test('as much as S3 allows is read: 10,000 parts with two checksums, and 1,000 keys that are all escaped', () => {
  const part = `<Part><PartNumber>1</PartNumber><ETag>e</ETag><ChecksumCRC32>c</ChecksumCRC32><ChecksumSHA1>c</ChecksumSHA1></Part>`;
  expect(parseXml(Buffer.from(`<a>${part.repeat(10_000)}</a>`)).children).toHaveLength(10_000);
  const keys = parseXml(Buffer.from(`<a>${`<Key>${'&quot;'.repeat(1024)}</Key>`.repeat(1000)}</a>`));
  expect(keys.children.at(-1)?.text).toBe('"'.repeat(1024));
});

test.each([
  ['the five entities', '<a>&amp;&lt;&gt;&quot;&apos;</a>', '&<>"\''],
  ['references', '<a>&#13;&#x1F600;&#1;</a>', '\r\u{1f600}\u0001'],
  ['an entity of an entity', '<a>&amp;amp;</a>', '&amp;'],
  ['white space', '<a>  x \t</a>', '  x \t'],
  ['line ends', '<a>\r\n\r</a>', '\n\n'],
  ['CDATA', '<a>1<![CDATA[&amp;<b>]]>2</a>', '1&amp;<b>2'],
  ['a comment', '<a>x<!-- c -->y</a>', 'xy'],
  ['a byte order mark', '\ufeff<a>x</a>', 'x'],
  ['declaration and comments around', '<?xml version="1.0"?>\n<!-- c --><a>x</a>\n<!-- d -->\n', 'x'],
  ['a bare control character', '<a>\u0001</a>', '\u0001'],
])('%s is read exactly', (_, text, expected) => {
  expect(parse(text)).toMatchObject({ name: 'a', text: expected });
});

test('prefixes and namespace declarations are not seen', () => {
  const root = parseXml(Buffer.from('<s:a xmlns:s="u" xmlns:xsi="v" xsi:type="t"><s:b/></s:a>'));
  expect(root).toMatchObject({ name: 'a', children: [{ name: 'b' }] });
  expect([...root.attributes]).toEqual([['type', 't']]);
});

const document =
  '<?xml version="1.0"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a&#13;b</Key><VersionId>v</VersionId>' +
  '</Object><Object><Key><![CDATA[<]]></Key></Object><Quiet>true</Quiet></Delete>';
const decode = decoderOf('DeleteObjects');

/** Decodes, and lets nothing pass but a result or an S3Error. */
function survive(body: Buffer): void {
  try {
    decode({ bucket: 'b', query: new Map(), headers: {}, body });
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
  }
}

test('random bytes and random markup are decoded or refused, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survive(Buffer.from(bytes))),
    { numRuns: 500 },
  );
  const token = fc.constantFrom(
    '<',
    '>',
    '</',
    '/>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?',
    '?>',
    '&',
    ';',
    '#',
    'Key',
    '"',
    '=',
    ' ',
    ':@',
    '#text',
  );
  const markup = fc.array(token, { maxLength: 30 }).map((tokens) => tokens.join(''));
  fc.assert(
    fc.property(markup, (text) => survive(Buffer.from(text))),
    { numRuns: 1000 },
  );
});

test('a document with bytes changed, removed or repeated is decoded or refused', () => {
  const bytes = Buffer.from(document);
  const cut = fc.record({ at: fc.nat(bytes.length), length: fc.nat(20), insert: fc.uint8Array({ maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 4 }), (cuts) => {
      let mutated: Buffer = bytes;
      for (const { at, length, insert } of cuts) {
        mutated = Buffer.concat([mutated.subarray(0, at), insert, mutated.subarray(at + length)]);
      }
      survive(mutated);
      survive(Buffer.concat([mutated, mutated]));
    }),
    { numRuns: 1000 },
  );
});
