/**
 * Events as invocations of a function of Lambda, which answers when it has taken the event and not when the function has ended.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
import { type EventTarget, oneByOne } from '../target.ts';
import { type AwsTargetOptions, awsClient } from './aws-client.ts';

export function lambdaFunction(options: AwsTargetOptions): EventTarget {
  const { arn } = options;
  const call = awsClient('lambda', options);
  const [name = '', qualifier] = arn.split(':').slice(6);
  const rawPath = `/2015-03-31/functions/${name}/invocations`;
  const rawQuery = qualifier === undefined ? '' : new URLSearchParams({ Qualifier: qualifier }).toString();
  const headers = { 'content-type': 'application/json', 'x-amz-invocation-type': 'Event' };
  return oneByOne(arn, async ({ text }, signal) => {
    await call({ rawPath, rawQuery, headers, body: text, signal });
  });
}
