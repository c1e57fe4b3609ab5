/**
 * The files that a zone keeps beside its shards (identities, log, epoch, index, lock), some of them damaged: no copy of one
 * zone is needed, and what all zones need is never replaced by a guess. zone-damage.slow.test.ts damages in every way.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StoredDaemon } from '../support/stored-daemon.ts';
import { damages, expectAllOrWords, expectZoneIsEnough, zoneFiles } from '../support/zone-damage.ts';

let pristine: StoredDaemon;

beforeAll(async () => {
  pristine = await StoredDaemon.create();
});
afterAll(async () => {
  await pristine[Symbol.asyncDispose]();
});

test('each file of the first zone cut in half → a start, everything there, and writes', async () => {
  await expectZoneIsEnough(pristine, 'zone-a', damages['cut in half']);
});

test('each file removed in all zones → everything there, or an error in words', async () => {
  await expectAllOrWords(pristine, damages.removed);
});

test('all files of a zone removed but its shards → a start and everything there', async () => {
  await using hurt = await pristine.copy();
  const files = zoneFiles(hurt.folder, 'zone-b');
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) await rm(join(hurt.folder, 'zone-b', file));
  await hurt.start();
  await hurt.expectRight();
});
