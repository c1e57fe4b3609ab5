import { beforeEach, expect, test } from 'vitest';
import { memoryIdentities } from '../../test/support/memory-identities.ts';
import { type Iam, openIam } from '../iam/iam.ts';
import { createSealer } from '../iam/sealing.ts';
import { KeyRing, type KmsKey } from './key-ring.ts';

const accountId = '111111111111';
const day = 24 * 60 * 60 * 1000;
const text = Buffer.from('a secret');
const context = { 'aws:s3:arn': 'arn:aws:s3:::bucket/key', team: 'photos' };
let nowMs = 0;
const clock = { nowMs: () => nowMs };
let iam: Iam;
let ring: KeyRing;
/** What was copied each time: keys, and how much material each had, and aliases. */
let copied: string[];

beforeEach(async () => {
  nowMs = 0;
  copied = [];
  const declared = [{ id: accountId, displayName: 'one' }];
  iam = await openIam({ identities: memoryIdentities(), declared, serverKey: Buffer.alloc(32), clock });
  ring = ringWith(Buffer.alloc(32));
});

function ringWith(serverKey: Buffer): KeyRing {
  return new KeyRing({
    directory: iam.directory,
    sealer: createSealer(serverKey, 'a test'),
    region: 'us-east-1',
    clock,
    copy: async () => {
      const view = iam.directory.view(accountId);
      const keys = view?.kmsKeys.all().map(({ id, material }) => `${id} ${material.length}`) ?? [];
      copied.push([...keys, ...(view?.kmsAliases.all().map(({ name }) => name) ?? [])].join());
    },
  });
}

const newKey = (): Promise<KmsKey> => ring.add(accountId, ring.newRecord({ description: '', origin: 'account' }));

test('a text opens with its context in any order, and with no other, nor with a bit changed', async () => {
  const sealed = ring.encrypt(await newKey(), text, context);
  expect(ring.decrypt(sealed, Object.fromEntries(Object.entries(context).reverse()))).toEqual(text);
  expect(() => ring.decrypt(sealed, { ...context, team: 'other' })).toThrow('ciphertext');
  for (const at of sealed.keys()) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => ring.decrypt(changed, context), `byte ${at}`).toThrow();
  }
});

test('a key, new material, an alias → copied before they are answered', async () => {
  const key = await newKey();
  expect(copied).toEqual([`${key.record.id} 1`]);
  await ring.rotate(key);
  expect(copied.slice(1)).toEqual([`${key.record.id} 2`]);
  const { id: keyId } = key.record;
  const alias = { name: 'alias/photos', keyId, createdMs: 0, updatedMs: 0 };
  await ring.changeAlias({ accountId, name: alias.name }, () => alias);
  expect(copied.splice(2)).toEqual([`${keyId} 2,alias/photos`]);
  await ring.changeAlias({ accountId, name: alias.name }, () => undefined);
  expect(copied.splice(2)).toEqual([`${keyId} 2`]);
  const ofS3 = await ring.forS3(accountId);
  expect(copied.slice(2)).toEqual([expect.stringContaining(`${ofS3.record.id} 1`)]);
});

test('the same text is encrypted otherwise every time', async () => {
  const key = await newKey();
  expect(ring.encrypt(key, text, context)).not.toEqual(ring.encrypt(key, text, context));
});

test('key material is kept sealed: another server key → what was encrypted does not open', async () => {
  const sealed = ring.encrypt(await newKey(), text, context);
  expect(ringWith(Buffer.alloc(32)).decrypt(sealed, context)).toEqual(text);
  expect(() => ringWith(Buffer.alloc(32, 1)).decrypt(sealed, context)).toThrow('does not have its key material');
});

test('a key whose days are over → gone, with its aliases and its material', async () => {
  const key = await newKey();
  const sealed = ring.encrypt(key, text, context);
  await ring.changeAlias({ accountId, name: 'alias/a' }, () => {
    return { name: 'alias/a', keyId: key.record.id, createdMs: 0, updatedMs: 0 };
  });
  await ring.change(key, (record) => ({ ...record, state: 'PendingDeletion', deletionMs: 7 * day }));
  nowMs = 7 * day - 1;
  expect(() => ring.decrypt(sealed, context)).toThrow('is pending deletion');
  nowMs += 1;
  expect(() => ring.decrypt(sealed, context)).toThrow('ciphertext');
  expect(() => ring.find({ named: 'alias/a', accountId })).toThrow('is not found');
  expect(iam.directory.view(accountId)?.kmsKeys.all()).toHaveLength(1);
  await ring.sweep();
  expect(iam.directory.view(accountId)?.kmsKeys.all()).toEqual([]);
  expect(iam.directory.view(accountId)?.kmsAliases.all()).toEqual([]);
});

test('a key of a service → is made once, and gets new material after a year', async () => {
  const [key, again] = await Promise.all([ring.forS3(accountId), ring.forS3(accountId)]);
  expect(again.arn).toBe(key.arn);
  const before = ring.encrypt(key, text, context);
  nowMs = 365 * day - 1;
  expect((await ring.rotated(key)).record.material).toHaveLength(1);
  nowMs += 1;
  const after = await ring.rotated(key);
  expect(after.record.material).toHaveLength(2);
  expect(ring.decrypt(before, context)).toEqual(text);
  expect(ring.decrypt(ring.encrypt(after, text, context), context)).toEqual(text);
});

test('an ARN of another region → refused where a key is named, and found where it is kept', async () => {
  const { arn, record } = await newKey();
  const elsewhere = arn.replace('us-east-1', 'eu-west-1');
  expect(() => ring.find({ named: elsewhere, accountId })).toThrow('Invalid arn eu-west-1');
  expect(ring.stored(elsewhere).record).toEqual(record);
});
