/** Signatures of what topics send, verified as receivers do: by AWS's own library, and by the steps of AWS's page. */
import { createVerify, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, get, globalAgent } from 'node:https';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  GetTopicAttributesCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import MessageValidator from 'sns-validator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Daemon, region, rootKey, startDaemon } from '../support/daemon.ts';
import { EventReceiver, type ReceivedMessage } from '../support/event-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { refusal } from '../support/refusals.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../support/tls/first-${name}.pem`, import.meta.url));
const ca = readFileSync(fixture('certificate'), 'utf8');
const queue = 'arn:aws:sqs:us-east-1:000000000000:queue';
const receiver = await EventReceiver.open();
const trustedBefore = globalAgent.options.ca;
let daemon: Daemon;
let sns: SNSClient;

beforeAll(async () => {
  const targets = [{ arn: queue, webhook: { url: receiver.url, secret: 'a-secret-of-the-test' } }];
  const tls = { certificate: fixture('certificate'), key: fixture('key') };
  daemon = await startDaemon({ isHosted: true, config: JSON.stringify({ tls, events: { targets } }) });
  const requestHandler = { httpsAgent: new Agent({ ca }) };
  sns = new SNSClient({ endpoint: daemon.endpoint, region, credentials: rootKey, maxAttempts: 1, requestHandler });
  // The library asks for certificates by the agent that all of the process use.
  globalAgent.options.ca = ca;
});
afterAll(async () => {
  globalAgent.options.ca = trustedBefore;
  await daemon.stop();
  await receiver[Symbol.asyncDispose]();
});

async function newTopic(Name: string, Attributes: Record<string, string> = {}): Promise<string> {
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name, Attributes }));
  return TopicArn;
}

async function arrived(topic: string, type: string, count = 1): Promise<ReceivedMessage[]> {
  return await eventually(() => {
    const all = receiver.taken.map(({ message }) => message);
    const found = all.filter(({ TopicArn, Type }) => TopicArn === topic && Type === type);
    expect(found).toHaveLength(count);
    return found;
  });
}

async function ask(url: string): Promise<{ readonly status: number; readonly body: string }> {
  const request = get(url, { agent: new Agent({ ca }) });
  const [response] = await once(request, 'response');
  return { status: response.statusCode, body: await text(response) };
}

/** Rejects where AWS's own library does not take a message for what the server has signed. */
function validate(message: ReceivedMessage): Promise<void> {
  const validator = new MessageValidator(new RegExp(`^127\\.0\\.0\\.1:${daemon.port}$`));
  return new Promise((resolve, reject) => {
    validator.validate({ ...message }, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** By the steps of https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html */
async function isSigned(message: ReceivedMessage, digest: 'RSA-SHA1' | 'RSA-SHA256'): Promise<boolean> {
  const isNotification = message['Type'] === 'Notification';
  const names = isNotification
    ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
    : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  const signed = names.filter((name) => name in message).map((name) => `${name}\n${message[name]}\n`);
  const { body } = await ask(String(message['SigningCertURL']));
  return createVerify(digest).update(signed.join('')).verify(body, String(message['Signature']), 'base64');
}

test('subscription, message with and without a subject, end of the subscription → each is signed; changed in a letter → it is not', async () => {
  const topic = await newTopic('signed');
  await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: 'http', Endpoint: receiver.url }));
  const [asked = {}] = await arrived(topic, 'SubscriptionConfirmation');
  await validate(asked);
  expect(await isSigned(asked, 'RSA-SHA1')).toBe(true);
  await sns.send(new ConfirmSubscriptionCommand({ TopicArn: topic, Token: String(asked['Token']) }));

  await sns.send(new PublishCommand({ TopicArn: topic, Message: 'füße\n"1"', Subject: 'Subject' }));
  const [told = {}] = await arrived(topic, 'Notification');
  expect(told).toMatchObject({ SignatureVersion: '1', Subject: 'Subject', Message: 'füße\n"1"' });
  await validate(told);
  await expect(validate({ ...told, Message: 'fusse' })).rejects.toThrow('The message signature is invalid.');
  await sns.send(new PublishCommand({ TopicArn: topic, Message: 'no subject' }));
  const [, bare = {}] = await arrived(topic, 'Notification', 2);
  await validate(bare);

  expect((await ask(String(told['UnsubscribeURL']))).status).toBe(200);
  const [ended = {}] = await arrived(topic, 'UnsubscribeConfirmation');
  // The library leaves out the token here, which AWS's page has.
  expect(await isSigned(ended, 'RSA-SHA1')).toBe(true);
});

test('SignatureVersion 2 → signed with SHA-256, in queues too; raw → unsigned; 3 → refused', async () => {
  const topic = await newTopic('sha256', { SignatureVersion: '2' });
  expect(await newTopic('sha256', { SignatureVersion: '2' })).toBe(topic);
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topic }));
  expect(Attributes).toMatchObject({ SignatureVersion: '2' });
  await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: 'sqs', Endpoint: queue }));
  await sns.send(new PublishCommand({ TopicArn: topic, Message: 'm' }));
  const [told = {}] = await arrived(topic, 'Notification');
  expect(told).toMatchObject({ SignatureVersion: '2' });
  await validate(told);
  expect(await isSigned(told, 'RSA-SHA256')).toBe(true);
  expect(await isSigned(told, 'RSA-SHA1')).toBe(false);

  const raw = await newTopic('raw');
  const Attributes2 = { RawMessageDelivery: 'true' };
  await sns.send(new SubscribeCommand({ TopicArn: raw, Protocol: 'sqs', Endpoint: queue, Attributes: Attributes2 }));
  await sns.send(new PublishCommand({ TopicArn: raw, Message: '{"raw":1}' }));
  await eventually(() => expect(receiver.taken.map(({ text: sent }) => sent)).toContain('{"raw":1}'));

  const set = { TopicArn: topic, AttributeName: 'SignatureVersion', AttributeValue: '3' };
  const refused = sns.send(new SetTopicAttributesCommand(set));
  await expect(refused).rejects.toMatchObject(refusal('InvalidParameterException', 400));
});

test('the certificate → an RSA key that anybody may read, the same after a restart; at any other path → none', async () => {
  const topic = await newTopic('restarted');
  await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: 'sqs', Endpoint: queue }));
  await sns.send(new PublishCommand({ TopicArn: topic, Message: 'before' }));
  const [before = {}] = await arrived(topic, 'Notification');
  const url = String(before['SigningCertURL']);
  expect(url).toMatch(new RegExp(`^${daemon.endpoint}/SimpleNotificationService-[0-9a-f]{32}\\.pem$`));
  const certificate = new X509Certificate((await ask(url)).body);
  expect(certificate.publicKey.asymmetricKeyType).toBe('rsa');
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect((await ask(url.replace(/.\.pem$/, '.pem'))).status).toBe(400);

  await daemon.terminate();
  await daemon.start();
  await sns.send(new PublishCommand({ TopicArn: topic, Message: 'after' }));
  const [, after = {}] = await arrived(topic, 'Notification', 2);
  expect(after['SigningCertURL']).toBe(url);
  expect(await isSigned(after, 'RSA-SHA1')).toBe(true);
  // Beside the index, for a rebuild of it; the private half is sealed.
  const copy = readFileSync(`${daemon.dataDirectory}/zone-a/disk-1/ninefold-settings.json`, 'utf8');
  expect(copy).toContain('topic-signing');
  expect(copy).not.toContain('PRIVATE KEY');
});
