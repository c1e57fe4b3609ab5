import { expect, test } from 'vitest';
import { readSubscriptionDelivery, readTopicDelivery, retryPauseMs } from './delivery-policy.ts';

const phases = {
  ...{ minDelayTarget: 10, maxDelayTarget: 90, numRetries: 10 },
  ...{ numNoDelayRetries: 2, numMinDelayRetries: 1, numMaxDelayRetries: 2 },
};

function pauses(healthyRetryPolicy: object): readonly unknown[] {
  const { retry } = readSubscriptionDelivery(JSON.stringify({ healthyRetryPolicy }));
  if (retry === undefined) throw new Error('no policy of retries');
  const all = Array.from({ length: retry.numRetries + 1 }, (_, at) => retryPauseMs(retry, at + 1));
  return all.map((pause) => (typeof pause === 'number' ? Math.round(pause / 1000) : pause));
}

test('phases → at once, by the shortest delay, later and later, by the longest, and then given up', () => {
  expect(pauses(phases)).toEqual([0, 0, 10, 10, 30, 50, 70, 90, 90, 90, 'given up']);
  expect(pauses({})).toEqual([20, 20, 20, 'given up']);
  expect(pauses({ numRetries: 0 })).toEqual(['given up']);
  expect(pauses({ ...phases, backoffFunction: 'arithmetic' }).slice(3, 8)).toEqual([10, 15, 30, 55, 90]);
  expect(pauses({ ...phases, backoffFunction: 'geometric' }).slice(3, 8)).toEqual([10, 17, 30, 52, 90]);
  expect(pauses({ ...phases, backoffFunction: 'exponential' }).slice(3, 8)).toEqual([10, 15, 26, 47, 90]);
});

test.for([
  ['{', 'failed to parse JSON'],
  ['[]', 'it must be an object of JSON'],
  ['{"http": {"other": 1}}', 'unexpected JSON member: other'],
  ['{"http": {"defaultHealthyRetryPolicy": {"numRetries": 101}}}', 'numRetries must be a number from 0 to 100'],
  ['{"http": {"defaultHealthyRetryPolicy": {"minDelayTarget": 30}}}', 'minDelayTarget must not be more than'],
  ['{"http": {"defaultHealthyRetryPolicy": {"numNoDelayRetries": 4}}}', 'numRetries must not be less than the sum'],
  ['{"http": {"defaultHealthyRetryPolicy": {"backoffFunction": "x"}}}', 'backoffFunction must be one of'],
  ['{"http": {"defaultThrottlePolicy": {"maxReceivesPerSecond": 0}}}', 'maxReceivesPerSecond must be a number'],
  ['{"http": {"defaultRequestPolicy": {"headerContentType": "x/y"}}}', 'headerContentType must be one of'],
])('%s → refused: %s', ([text, why]) => {
  expect(() => readTopicDelivery(text ?? '')).toThrow(`Invalid parameter: DeliveryPolicy: ${why}`);
});
