/**
 * The file system refuses calls of a store's short life, here some of them; injected-errors.slow.test.ts lets each fail in
 * turn. What was acknowledged is right, what was refused has not happened, nothing hangs and nothing is left behind.
 */
import { expect, test } from 'vitest';
import { FaultyFiles } from '../support/faulty-files.ts';
import { surviveError } from '../support/injected-errors.ts';

/** A prime, so that calls of all kinds are met. */
const stride = 199;

test.for([
  { code: 'EIO', lasts: 'once' },
  { code: 'ENOSPC', lasts: 'on' },
  { code: 'EMFILE', lasts: 'once' },
] as const)('$code at every 199th call, $lasts → acknowledged is right, refused has not happened', async (how) => {
  const files = FaultyFiles.install();
  let skip = 0;
  while (await surviveError(files, { ...how, skip })) skip += stride;
  expect(skip).toBeGreaterThanOrEqual(stride);
});
