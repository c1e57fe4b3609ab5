import { afterAll, expect, test } from 'vitest';
import { EventReceiver } from '../test/support/event-receiver.ts';
import { sha256Hex, signHeader } from '../test/support/sigv4-sign.ts';
import { sqsQueue } from './events/targets/sqs.ts';
import { signRequest } from './s3/auth/sign.ts';

const receiver = await EventReceiver.open();
afterAll(() => receiver[Symbol.asyncDispose]());

const key = { accessKeyId: 'KEY', secretAccessKey: 'a secret/with+signs', region: 'eu-central-1' };
const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const queueUrl = receiver.url;
const target = sqsQueue({
  arn: 'arn:aws:sqs:eu-central-1:111122223333:pictures',
  ...{ queueUrl, ...key, timeoutMs: 5000, clock: { nowMs: () => nowMs }, sign: signRequest },
});

test('a message → SendMessage, signed for the region of the ARN as an independent signer signs it', async () => {
  await target.send('{"Records":[]}', new AbortController().signal);
  const [{ headers = {}, text = '' } = {}] = receiver.taken;
  expect(JSON.parse(text)).toEqual({ QueueUrl: queueUrl, MessageBody: '{"Records":[]}' });
  const { host } = new URL(queueUrl);
  const signed = signHeader({ method: 'POST', path: '/', headers: { host } }, key, {
    date: new Date(nowMs),
    payload: sha256Hex(text),
    service: 'sqs',
  });
  expect(headers).toMatchObject({
    ...signed.headers,
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'AmazonSQS.SendMessage',
  });
});

test('it is not taken → rejected with what was answered', async () => {
  receiver.takes = () => false;
  await expect(target.send('{}', new AbortController().signal)).rejects.toThrow('answered 503');
});
