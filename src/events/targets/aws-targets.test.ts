import { afterAll, beforeEach, expect, test } from 'vitest';
import { EventReceiver } from '../../../test/support/event-receiver.ts';
import { sha256Hex, signHeader } from '../../../test/support/sigv4-sign.ts';
import type { ObjectEvent } from '../../engine/types.ts';
import type { EventMessage } from '../target.ts';
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
function theRequest(service: string): { readonly headers: object; readonly body: unknown } {
  const [{ headers = {}, text = '' } = {}] = receiver.taken;
  const { host } = new URL(receiver.url);
  const signed = signHeader(
    { method: 'POST', path: '/', headers: { host } },
    { ...key, region: 'eu-central-1' },
    { date: new Date(nowMs), payload: sha256Hex(text), service },
  );
  expect(headers).toMatchObject(signed.headers);
  return { headers, body: JSON.parse(text) };
}

const queue = sqsQueue({
  arn: 'arn:aws:sqs:eu-central-1:111122223333:pictures',
  ...{ queueUrl: receiver.url, ...options },
});

test('messages to a queue → one SendMessageBatch, signed for the region of the ARN', async () => {
  receiver.answer = '{"Successful":[{"Id":"0"}]}';
  expect(await queue.send(messages, signal)).toEqual(new Map());
  const { headers, body } = theRequest('sqs');
  expect(headers).toMatchObject({
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'AmazonSQS.SendMessageBatch',
  });
  const Entries = messages.map(({ text }, at) => ({ Id: String(at), MessageBody: text }));
  expect(body).toEqual({ QueueUrl: receiver.url, Entries });
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
