/** As zone-damage.test.ts, with every damage in every zone. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { zoneNames } from '../support/data-folders.ts';
import { StoredDaemon } from '../support/stored-daemon.ts';
import { type Damage, damages, expectAllOrWords, expectZoneIsEnough } from '../support/zone-damage.ts';

let pristine: StoredDaemon;

beforeAll(async () => {
  pristine = await StoredDaemon.create();
});
afterAll(async () => {
  await pristine[Symbol.asyncDispose]();
});

const all: readonly (readonly [how: string, damage: Damage])[] = Object.entries(damages);

describe.for(zoneNames)('in %s alone', (zone) => {
  test.for(all)('each file %s → a start, everything there, and writes', async ([, damage]) => {
    await expectZoneIsEnough(pristine, zone, damage);
  });
});

test.for(all)('each file %s in all zones → everything there, or an error in words', async ([, damage]) => {
  await expectAllOrWords(pristine, damage);
});
