/** As injected-errors.test.ts, at each call of the store's life in turn. */
import { expect, test } from 'vitest';
import { FaultyFiles } from '../support/faulty-files.ts';
import { type InjectedError, surviveError } from '../support/injected-errors.ts';

/** Lives that run beside each other, each in a folder of its own. */
const lanes = 4;

async function surviveAll(how: Pick<InjectedError, 'code' | 'lasts'>, stride: number): Promise<number> {
  const files = FaultyFiles.install();
  const lane = async (first: number): Promise<number> => {
    let skip = first;
    while (await surviveError(files, { ...how, skip })) skip += lanes * stride;
    return skip;
  };
  return Math.min(...(await Promise.all(Array.from({ length: lanes }, (_, i) => lane(i * stride)))));
}

test.for(['EIO', 'ENOSPC', 'EMFILE'] as const)('%s at each call, once → nothing acknowledged is lost', async (code) => {
  expect(await surviveAll({ code, lasts: 'once' }, 1)).toBeGreaterThan(100);
});

test.for(['EIO', 'ENOSPC', 'EMFILE'] as const)(
  '%s from every fifth call on → nothing acknowledged is lost',
  async (code) => {
    expect(await surviveAll({ code, lasts: 'on' }, 5)).toBeGreaterThan(100);
  },
);
