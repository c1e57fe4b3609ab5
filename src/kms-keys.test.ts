import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { memoryIdentities } from '../test/support/memory-identities.ts';
import { type Config, loadConfig } from './config.ts';
import { type Iam, openIam } from './iam/iam.ts';
import { RingDataKeys } from './kms/data-keys.ts';
import { openKms } from './kms-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'ninefold-kms-'));
afterAll(() => rmSync(folder, { recursive: true }));
const keyFile = join(folder, 'key');
const clock = { nowMs: () => 0 };
const serverKey = Buffer.alloc(32);
let iam: Iam;

beforeEach(async () => {
  copies = 0;
  iam = await openIam({
    identities: memoryIdentities(),
    declared: [{ id: '000000000000', displayName: 'root' }],
    serverKey,
    clock,
  });
});

function configured(key: object, environment: Record<string, string> = {}): Config {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, JSON.stringify({ encryption: { kms: { keys: [{ id: 'k', ...key }] } } }));
  return loadConfig({ config: file }, environment);
}

let copies: number;
const copy = async () => {
  copies += 1;
};
const open = (config: Config) => openKms(config, { iam, serverKey, dataKeys: new RingDataKeys(), clock, copy });
const records = () => iam.directory.view('000000000000')?.kmsKeys.all() ?? [];

test.for([
  ['32 bytes', Buffer.alloc(32, 7)],
  ['hex digits', `${'07'.repeat(32)}\n`],
  ['base64', Buffer.alloc(32, 7).toString('base64')],
] as const)('a key file with %s → the same key at every start, and none of it is kept', async ([, content]) => {
  writeFileSync(keyFile, content);
  await open(configured({ file: keyFile }));
  await open(configured({ environment: 'KEY' }, { KEY: '07'.repeat(32) }));
  expect(records()).toMatchObject([{ id: 'k', origin: 'configuration', material: [] }]);
  expect(copies, 'of the key when it was new').toBe(1);
  expect(JSON.stringify(records())).not.toMatch(/0707|BwcH/);
});

test('other material, none any more, or some where the server made it → refused', async () => {
  const given = { KEY: '07'.repeat(32) };
  await open(configured({ environment: 'KEY' }, given));
  await expect(open(configured({ environment: 'KEY' }, { KEY: '08'.repeat(32) }))).rejects.toThrow('could not be read');
  await expect(open(configured({}))).rejects.toThrow('none is given');
  await open(configured({ id: 'made' }));
  await expect(open(configured({ id: 'made', environment: 'KEY' }, given))).rejects.toThrow('made by the server');
});

test('material that is missing or too short, an account that is not there → refused with the place', async () => {
  await expect(open(configured({ environment: 'KEY' }))).rejects.toThrow(
    /config.yaml, line 1: .*: environment variable KEY is not set/,
  );
  await expect(open(configured({ file: join(folder, 'absent') }))).rejects.toThrow('cannot be read');
  await expect(open(configured({ environment: 'KEY' }, { KEY: 'short-secret' }))).rejects.toThrow('must hold 32 bytes');
  await expect(open(configured({ environment: 'KEY' }, { KEY: 'short-secret' }))).rejects.not.toThrow('short-secret');
  await expect(open(configured({ account: '999999999999' }))).rejects.toThrow('no account 999999999999');
  expect(() => configured({ alias: 'aws/mine' })).toThrow('not beginning with aws/');
});
