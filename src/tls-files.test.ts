/** Which certificate and key the server shows: what is in the files → what is used, and what is said. */
import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from './config.ts';
import { openTls } from './tls-files.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../test/support/tls/${name}.pem`, import.meta.url));
const clock = { ms: Date.UTC(2026, 10, 27), nowMs: () => clock.ms };
let folder: string;
let lines: string[];
let certificate: string;
let key: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ninefold-tls-'));
  lines = [];
  certificate = join(folder, 'tls.crt');
  key = join(folder, 'tls.key');
  use('first');
});
afterEach(() => rmSync(folder, { recursive: true }));

function use(name: string): void {
  copyFileSync(fixture(`${name}-certificate`), certificate);
  copyFileSync(fixture(`${name}-key`), key);
}

function open(settings = `tls:\n  certificate: ${certificate}\n  key: ${key}\n`) {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, settings);
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const tls = openTls(loadConfig({ config: file, data: folder }, {}), { clock, log });
  if (tls === undefined) throw new Error('TLS is not set');
  const heard: string[] = [];
  tls.onChange((pair) => heard.push(new X509Certificate(pair.certificate).subject));
  tls.close();
  return { tls, heard };
}

describe('files', () => {
  test('a pair that is whole → used; replaced → the new one, told once', () => {
    const { tls, heard } = open();
    expect(tls.pair.certificate).toBe(readFileSync(certificate, 'utf8'));
    tls.reload();
    use('second');
    tls.reload();
    tls.reload();
    expect(heard).toEqual(['CN=second.example.org']);
    expect(tls.pair.key).toBe(readFileSync(key, 'utf8'));
  });

  const halfDone: readonly (readonly [string, () => void])[] = [
    ['the certificate alone', () => copyFileSync(fixture('second-certificate'), certificate)],
    ['the key alone', () => copyFileSync(fixture('second-key'), key)],
    ['half a certificate', () => truncateSync(certificate, 300)],
    ['half a key', () => truncateSync(key, 100)],
    [
      'a chain that breaks off',
      () => writeFileSync(certificate, `${readFileSync(certificate, 'utf8')}-----BEGIN CERTIFICATE-----\nMII`),
    ],
    ['an empty file', () => writeFileSync(key, '')],
    ['no file', () => rmSync(key)],
  ];
  test.for(halfDone)('%s → the old pair stays, told once; then whole → the new one', ([, change]) => {
    const { tls, heard } = open();
    const { pair } = tls;
    change();
    tls.reload();
    tls.reload();
    expect(tls.pair).toBe(pair);
    expect(lines.filter((line) => line.includes('the one before stays'))).toHaveLength(1);
    expect(lines.join()).not.toContain('PRIVATE KEY');
    use('second');
    tls.reload();
    expect(heard).toEqual(['CN=second.example.org']);
  });

  test.for([
    [
      'certificate',
      () => rmSync(certificate),
      /config\.yaml, line 2: tls\.certificate: .*tls\.crt cannot be read: ENOENT/,
    ],
    [
      'certificate',
      () => writeFileSync(certificate, 'x'),
      /line 2: tls\.certificate: .*tls\.crt holds no whole certificate/,
    ],
    ['key', () => rmSync(key), /line 3: tls\.key: .*tls\.key cannot be read/],
    ['key', () => writeFileSync(key, 'x'), /line 3: tls\.key: .*tls\.key holds no private key/],
    [
      'key',
      () => copyFileSync(fixture('second-key'), key),
      /line 3: tls\.key: .*is not the key of the first certificate/,
    ],
  ] as const)('a wrong %s at start → refused, with its line', ([, change, message]) => {
    change();
    expect(() => open()).toThrow(message);
  });

  test.for([
    'tls: {}\n',
    'tls: { certificate: a }\n',
    'tls: { key: a }\n',
    'tls: { certificate: a, key: b, selfSigned: true }\n',
  ])('%s → refused, with its line', (settings) => {
    expect(() => open(settings)).toThrow(/line 1: tls: give both certificate and key, or selfSigned/);
  });
});

describe('self-signed', () => {
  const settings =
    'host: 127.0.0.1\ndomains: [s3.example.org]\npublicEndpoints: ["https://cdn.example.com:8443"]\ntls: { selfSigned: true }\n';

  test('made once, kept for its owner alone, for all names of the server', () => {
    const { pair } = open(settings).tls;
    expect(open(settings).tls.pair).toEqual(pair);
    for (const name of ['self-signed-certificate.pem', 'self-signed-key.pem']) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
    const made = new X509Certificate(pair.certificate);
    for (const name of ['localhost', 'b.s3.localhost', 's3.example.org', 'b.s3.example.org', 'cdn.example.com']) {
      expect(made.checkHost(name)).toBeTruthy();
    }
  });

  test.for([
    ['a new name', settings.replace('cdn.', 'other.'), () => {}],
    ['its end is near', settings, () => (clock.ms += 800 * 24 * 3_600_000)],
    ['the key is gone', settings, () => rmSync(join(folder, 'self-signed-key.pem'))],
    ['a damaged file', settings, () => truncateSync(join(folder, 'self-signed-certificate.pem'), 200)],
    ['a key of another', settings, () => copyFileSync(fixture('first-key'), join(folder, 'self-signed-key.pem'))],
  ] as const)('%s → made anew', ([, changed, change]) => {
    const { pair } = open(settings).tls;
    change();
    expect(open(changed).tls.pair.certificate).not.toBe(pair.certificate);
  });
});
