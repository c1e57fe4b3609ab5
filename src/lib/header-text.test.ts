import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHeaderText, readMetadataText, writeHeaderText, writeMetadataText } from './header-text.ts';

test('metadata of any text reads back as it was written', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const written = writeMetadataText(text);
      expect(written).toMatch(/^[\x20-\x7e]*$/);
      expect(readMetadataText(written)).toBe(text);
    }),
  );
});

test('text that looks like an encoded word reads back as itself', () => {
  const text = 'see =?UTF-8?B?w6k=?= here';
  expect(readMetadataText(writeMetadataText(text))).toBe(text);
});

test('plain text is not encoded, other text as one word of UTF-8', () => {
  expect(writeMetadataText('plain text')).toBe('plain text');
  expect(writeMetadataText('é')).toBe('=?UTF-8?B?w6k=?=');
});

test('encoded words of both encodings, several and of other character sets are decoded', () => {
  expect(readMetadataText('=?UTF-8?Q?caf=C3=A9_au_lait?=')).toBe('café au lait');
  expect(readMetadataText('=?utf-8?b?w6k=?= =?UTF-8?Q?=C3=A9?=')).toBe('éé');
  expect(readMetadataText('=?ISO-8859-1?Q?=E9?=')).toBe('é');
});

test('an encoded word that cannot be decoded stays as it is', () => {
  expect(readMetadataText('=?nonsense?Q?a?=')).toBe('=?nonsense?Q?a?=');
  expect(readMetadataText('=?UTF-8?Q?=FF?=')).toBe('=?UTF-8?Q?=FF?=');
});

test('raw UTF-8 bytes are read as UTF-8, others as Latin-1', () => {
  expect(readHeaderText(Buffer.from('日本', 'utf8').toString('latin1'))).toBe('日本');
  expect(readHeaderText('\xe9')).toBe('é');
});

test('a header is sent as the bytes it came with, and cannot hold another header', () => {
  expect(readHeaderText(writeHeaderText('attachment; filename="日本"'))).toBe('attachment; filename="日本"');
  expect(writeHeaderText('a\r\nset-cookie: b')).toBe('a  set-cookie: b');
});
