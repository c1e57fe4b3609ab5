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
