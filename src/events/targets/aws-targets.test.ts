import { afterAll, beforeEach, expect, test } from 'vitest';
import { EventReceiver } from '../../../test/support/event-receiver.ts';
import { sha256Hex, signHeader } from '../../../test/support/sigv4-sign.ts';
import type { ObjectEvent } from '../../engine/types.ts';
import type { EventMessage } from '../target.ts';
import { eventBridgeBus } from './event-bridge-bus.ts';
import { lambdaFunction } from './lambda.ts';
import { snsTopic } from './sns.ts';
import { sqsQueue } from './sqs.ts';

const receiver = await EventReceiver.open();
afterAll(() => receiver[Symbol.asyncDispose]());
beforeEach(() => {
  receiver.taken.length = 0;
  receiver.takes = () => true;
});

const key = { accessKeyId: 'KEY', secretAccessKey: 'a secret/with+signs' };
const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const options = { ...key, timeoutMs: 5000, clock: { nowMs: () => nowMs } };
const signal = new AbortController().signal;
const messages = ['{"Records":[1]}', '{"Records":[2]}'].map(
  (text, at): EventMessage => ({ text, orderedBy: `b/${at}`, id: String(at), event: {} as ObjectEvent }),
);

/** The one request there was, which must be signed as an independent signer signs it. */
function theRequest(
  service: string,
  { path = '/', query = [] as [string, string][] } = {},
): { readonly headers: object; readonly text: string } {
  const [{ headers = {}, text = '' } = {}] = receiver.taken;
  const { host } = new URL(receiver.url);
  const signed = signHeader(
    { method: 'POST', path, query, headers: { host } },
    { ...key, region: 'eu-central-1' },
    { date: new Date(nowMs), payload: sha256Hex(text), service },
  );
  expect(headers).toMatchObject(signed.headers);
  return { headers, text };
}

const queue = sqsQueue({
  arn: 'arn:aws:sqs:eu-central-1:111122223333:pictures',
  ...{ queueUrl: receiver.url, ...options },
});

test('messages to a queue → one SendMessageBatch, signed for the region of the ARN', async () => {
  receiver.answer = '{"Successful":[{"Id":"0"}]}';
  expect(await queue.send(messages, signal)).toEqual(new Map());
  const { headers, text } = theRequest('sqs');
  expect(headers).toMatchObject({
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'AmazonSQS.SendMessageBatch',
  });
  const Entries = messages.map((message, at) => ({ Id: String(at), MessageBody: message.text }));
  expect(JSON.parse(text)).toEqual({ QueueUrl: receiver.url, Entries });
});

test('the queue takes some → those that it names as failed were not taken', async () => {
  receiver.answer = '{"Failed":[{"Id":"1","Code":"InternalError","SenderFault":false}]}';
  const notTaken = await queue.send(messages, signal);
  expect([...notTaken].map(([message, why]) => [message, why.message])).toEqual([[messages[1], 'InternalError: ']]);
});

test('the queue takes none → rejected with what was answered', async () => {
  receiver.takes = () => false;
  await expect(queue.send(messages, signal)).rejects.toThrow('answered 503');
});

const reasons = (notTaken: ReadonlyMap<EventMessage, Error>) =>
  [...notTaken].map(([message, why]) => [messages.indexOf(message), why.message]);

test('messages to a topic → one PublishBatch; those that do not succeed were not taken', async () => {
  const arn = 'arn:aws:sns:eu-central-1:111122223333:pictures';
  receiver.answer =
    '<PublishBatchResponse><PublishBatchResult><Successful><member><Id>0</Id></member></Successful><Failed><member>' +
    '<Id>1</Id><Code>InvalidParameter</Code><Message>no</Message></member></Failed></PublishBatchResult></PublishBatchResponse>';
  const topic = snsTopic({ arn, endpoint: receiver.url, ...options });
  expect(reasons(await topic.send(messages, signal))).toEqual([[1, 'InvalidParameter: no']]);
  const { text } = theRequest('sns');
  expect(Object.fromEntries(new URLSearchParams(text))).toMatchObject({
    Action: 'PublishBatch',
    TopicArn: arn,
    'PublishBatchRequestEntries.member.1.Id': '0',
    'PublishBatchRequestEntries.member.2.Message': messages[1]?.text,
  });
  receiver.answer = '<html>a page of somebody else</html>';
  expect(await topic.send(messages, signal)).toHaveProperty('size', 2);
});

test('a message to a function → Invoke as an event, of the version that the ARN names', async () => {
  const arn = 'arn:aws:lambda:eu-central-1:111122223333:function:thumbnails:$LATEST';
  await lambdaFunction({ arn, endpoint: receiver.url, ...options }).send(messages.slice(0, 1), signal);
  const { headers, text } = theRequest('lambda', {
    path: '/2015-03-31/functions/thumbnails/invocations',
    query: [['Qualifier', '$LATEST']],
  });
  expect(headers).toMatchObject({ 'x-amz-invocation-type': 'Event' });
  expect(text).toBe(messages[0]?.text);
});

test('messages to a bus → one PutEvents that says of each what its envelope says', async () => {
  const arn = 'arn:aws:events:eu-central-1:111122223333:event-bus/default';
  const envelope = { 'detail-type': 'T', time: '2026-01-02T03:04:05Z', resources: ['r'], detail: { a: 1 } };
  const sent = messages.map((message) => ({ ...message, text: JSON.stringify(envelope) }));
  receiver.answer = '{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorCode":"ThrottlingException"}]}';
  const bus = eventBridgeBus({ arn, endpoint: receiver.url, source: 'ninefold.s3', ...options });
  expect([...(await bus.send(sent, signal)).keys()]).toEqual([sent[1]]);
  const { headers, text } = theRequest('events');
  expect(headers).toMatchObject({ 'x-amz-target': 'AWSEvents.PutEvents' });
  const entry = { EventBusName: arn, Source: 'ninefold.s3', DetailType: 'T', Time: nowMs / 1000, Resources: ['r'] };
  expect(JSON.parse(text)).toEqual({ Entries: [1, 2].map(() => ({ ...entry, Detail: '{"a":1}' })) });
});
