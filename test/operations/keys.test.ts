/** Keys that clients, paths and XML make hard, each through every operation that carries one. */
import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import type { RawAnswer } from '../support/raw-http.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const { send } = signedRequests(daemon);
let bucket: string;
let other: string;

beforeAll(async () => {
  bucket = await daemon().newBucket();
  other = await daemon().newBucket();
});

const keys: readonly (readonly [what: string, key: string])[] = [
  ['one letter', 'a'],
  ['a folder', 'a/'],
  ['an empty folder name', 'a//b'],
  ['a leading slash', '/a'],
  ['only slashes', '//'],
  ['a parent path', '../x'],
  ['a parent path inside', 'a/../../b'],
  ['a dot', '.'],
  ['two dots', '..'],
  ['a percent sign', '%'],
  ['an escape', '%2F%41'],
  ['a plus sign', '+'],
  ['a blank', ' '],
  ['blanks at both ends', ' a b '],
  ['a question mark', 'a?versionId=b'],
  ['a hash', 'a#b'],
  ['an ampersand and equals', 'a&b=c'],
  ['markup', `<Key>&amp;"'</Key>`],
  ['a reference', '&#65;'],
  ['CDATA', ']]>'],
  ['reserved characters', "!*'();:@$,[]~"],
  ['a backslash', 'a\\b'],
  ['a name of JavaScript', '__proto__'],
  ['a reserved path', '-/live'],
  ['an emoji', '😀👩‍👧'],
  ['composed (NFC)', '\u00e9'],
  ['decomposed (NFD)', 'e\u0301'],
  ['a byte order mark', '\ufeffa'],
  ['a line separator', 'a\u2028b'],
  ['a noncharacter', 'a\uffffb'],
  ['control character 1', '\u0001'],
  ['all control characters', String.fromCharCode(...Array.from({ length: 31 }, (_, n) => n + 1), 0x7f, 0x85)],
  ['a line feed', 'a\nb'],
  ['a carriage return', 'a\rb'],
  ['a tab', '\t'],
  ['1,024 bytes', 'k'.repeat(1024)],
  ['1,024 bytes of two-byte characters', 'ü'.repeat(512)],
  ['1,024 bytes of emoji', '😀'.repeat(256)],
];

test.for(keys)('key: %s → put, get, listed, copied and deleted as itself', async ([what, key]) => {
  const path = `/${bucket}/${key}`;
  expect((await send({ method: 'PUT', path, body: what })).status).toBe(200);
  expect((await send({ method: 'GET', path })).body).toBe(what);
  expect((await send({ method: 'HEAD', path })).status).toBe(200);
  await expectListed(bucket, key);

  const headers = { 'x-amz-copy-source': encodeURIComponent(`${bucket}/${key}`) };
  const copy = await send({ method: 'PUT', path: `/${other}/${key}`, headers });
  expect(copy.status, copy.body).toBe(200);
  expect((await send({ method: 'GET', path: `/${other}/${key}` })).body).toBe(what);
  await expectListed(other, key);

  for (const name of [bucket, other]) {
    const deleted = await deleteOne(name, key);
    expect(elements(deleted.body, 'Key'), deleted.body).toEqual([key]);
    expect(deleted.body).toContain('<Deleted>');
    expect((await send({ method: 'HEAD', path: `/${name}/${key}` })).status).toBe(404);
  }
});

test('keys that only normalisation makes alike → two objects', async () => {
  await send({ method: 'PUT', path: `/${bucket}/n\u00e9`, body: 'composed' });
  await send({ method: 'PUT', path: `/${bucket}/ne\u0301`, body: 'decomposed' });
  expect((await send({ method: 'GET', path: `/${bucket}/n\u00e9` })).body).toBe('composed');
  expect((await send({ method: 'GET', path: `/${bucket}/ne\u0301` })).body).toBe('decomposed');
});

/** The bucket holds this key alone, in every kind of listing, found by itself as prefix. */
async function expectListed(name: string, key: string): Promise<void> {
  for (const kind of [[], [['list-type', '2']], [['versions', '']]] as const) {
    for (const prefix of [[], [['prefix', key]]] as const) {
      const plain = await send({ method: 'GET', path: `/${name}`, query: [...kind, ...prefix] });
      expect(elements(plain.body, 'Key'), plain.body).toEqual([key]);
      const query = [...kind, ...prefix, ['encoding-type', 'url'] as const];
      const encoded = await send({ method: 'GET', path: `/${name}`, query });
      expect(elements(encoded.body, 'Key').map(decodeListed), encoded.body).toEqual([key]);
      expect(encoded.body).toMatch(/<Key>[\x21-\x7e]*<\/Key>/);
    }
  }
}

function deleteOne(name: string, key: string): Promise<RawAnswer> {
  const text = key.replaceAll(/[^\w/]/gu, (character) => `&#${character.codePointAt(0)};`);
  const body = `<Delete><Object><Key>${text}</Key></Object></Delete>`;
  const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
  return send({ method: 'POST', path: `/${name}`, query: [['delete', '']], headers, body });
}

/** Texts of all elements of a name, as an XML parser reads them: line ends made one, then references decoded. */
function elements(xml: string, name: string): readonly string[] {
  const found = [...xml.replaceAll(/\r\n?/g, '\n').matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))];
  return found.map(([, text = '']) => text.replaceAll(/&(#?)(\w+);/g, decodeReference));
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeReference(whole: string, hash: string, text: string): string {
  if (hash === '') return named[text] ?? whole;
  return String.fromCodePoint(text.startsWith('x') ? Number.parseInt(text.slice(1), 16) : Number(text));
}

const decodeListed = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));
