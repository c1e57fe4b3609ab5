/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html */
import { type DefaultRetention, writeObjectLock } from '../../engine/locks/configuration.ts';
import { S3Error } from '../errors.ts';
import { invalidArgument } from '../lifecycle/refusals.ts';
import type { InputOf } from '../model/types.ts';
import { operation } from '../operation.ts';

type Rule = NonNullable<NonNullable<InputOf<'PutObjectLockConfiguration'>['ObjectLockConfiguration']>['Rule']>;

/** "The maximum retention period is 100 years", with years of 365 days. */
const maximums = { Days: 36_500, Years: 100 } as const;

export const putObjectLockConfiguration = operation({
  name: 'PutObjectLockConfiguration',
  // The token stood for a leave that AWS's support gave to lock buckets that are there already; nobody needs one now, so with
  // any of them that is done which it asks for.
  supports: ['ChecksumAlgorithm', 'ObjectLockConfiguration', 'Token'],
  async run(request, { ObjectLockConfiguration: configuration }) {
    if (configuration?.ObjectLockEnabled === undefined) throw new S3Error('MalformedXML');
    const { Rule: rule } = configuration;
    const defaults = rule === undefined ? {} : { defaultRetention: readRule(rule) };
    await writeObjectLock(request.engine.buckets, request.bucket(), defaults);
    return { output: {} };
  },
});

/** Throws MalformedXML and InvalidArgument. */
function readRule({ DefaultRetention: retention }: Rule): DefaultRetention {
  const { Mode: mode, Days, Years, DefaultEventHold } = retention ?? {};
  if (DefaultEventHold !== undefined) {
    throw new S3Error('NotImplemented', { message: 'Event holds are not implemented' });
  }
  if (mode === undefined || (Days === undefined) === (Years === undefined)) throw new S3Error('MalformedXML');
  for (const [unit, count] of [['Days', Days] as const, ['Years', Years] as const]) {
    if (count === undefined) continue;
    const named = { [unit]: String(count) };
    if (count <= 0) throw invalidArgument('Default retention period must be a positive integer value.', named);
    if (count > maximums[unit]) throw invalidArgument('Default retention period too large.', named);
  }
  return { mode, days: Days, years: Years };
}
