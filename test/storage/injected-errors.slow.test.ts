/** As injected-errors.test.ts, at many more calls; which, the seed says (NINEFOLD_TEST_SEED): 13 seeds in a row meet all. */
import { expect, test } from 'vitest';
import { seed } from '../support/crash-runs.ts';
import { FaultyFiles } from '../support/faulty-files.ts';
import { type InjectedError, surviveError } from '../support/injected-errors.ts';

/** Lives that run beside each other, each in a folder of its own. */
const lanes = 4;

async function surviveMany(how: Pick<InjectedError, 'code' | 'lasts'>, stride: number): Promise<number> {
  console.log(`NINEFOLD_TEST_SEED=${seed}`);
  const files = FaultyFiles.install();
  const lane = async (first: number): Promise<number> => {
    let skip = first;
    while (await surviveError(files, { ...how, skip })) skip += lanes * stride;
    return skip;
  };
  const firsts = Array.from({ length: lanes }, (_, i) => (seed % stride) + i * stride);
  return Math.min(...(await Promise.all(firsts.map(lane))));
}

test.for(['EIO', 'ENOSPC', 'EMFILE'] as const)('%s at every 13th call → nothing acknowledged is lost', async (code) => {
  expect(await surviveMany({ code, lasts: 'once' }, 13)).toBeGreaterThan(100);
});

test.for(['EIO', 'ENOSPC', 'EMFILE'] as const)(
  '%s from every 53rd call on → nothing acknowledged is lost',
  async (code) => {
    expect(await surviveMany({ code, lasts: 'on' }, 53)).toBeGreaterThan(100);
  },
);
