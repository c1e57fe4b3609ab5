/** As zone-damage.test.ts, with every damage, each in another zone. */
import { afterAll, beforeAll, test } from 'vitest';
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
/** Every damage, each in the next zone. */
const inTurn = all.map(([how, damage], i) => ({ how, damage, zone: zoneNames[i % zoneNames.length] ?? zoneNames[0] }));

test.for(inTurn)('each file of $zone $how → a start, everything there, and writes', async ({ damage, zone }) => {
  await expectZoneIsEnough(pristine, zone, damage);
});

test.for(all)('each file %s in all zones → everything there, or an error in words', async ([, damage]) => {
  await expectAllOrWords(pristine, damage);
});
