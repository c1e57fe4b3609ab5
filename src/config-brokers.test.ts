import { expect, test } from 'vitest';
import { eventsSchema } from './config-events.ts';

function check(target: object): { error: string | undefined; target: unknown } {
  const arn = 'arn:aws:sns:us-east-1:000000000000:uploads';
  const { data, error } = eventsSchema.safeParse({ targets: [{ arn, ...target }] });
  return { error: error?.issues[0]?.message, target: data?.targets[0] };
}

test.for([
  ['AMQP to nowhere', { amqp: { url: 'amqp://h', routingKey: '' } }, 'without an exchange'],
  ['another scheme', { amqp: { url: 'http://h', routingKey: 'q' } }, 'an address such as amqps://'],
  ['files of TLS without TLS', { mqtt: { url: 'mqtt://h', topic: 't', tls: {} } }, 'begins with mqtts://'],
  ['a certificate without its key', { redis: { url: 'rediss://h', list: 'l', tls: { certificate: 'c' } } }, 'both'],
  ['Redis to nowhere', { redis: { url: 'redis://h' } }, 'one of stream, list and channel'],
  ['Redis to two places', { redis: { url: 'redis://h', list: 'l', stream: 's' } }, 'one of stream, list and channel'],
  ['parameters that pg would read', { postgres: { url: 'postgres://h/d?sslmode=require', table: 't' } }, 'parameters'],
  ['a broker without a port', { kafka: { brokers: ['h'], topic: 't' } }, 'a host and a port'],
  ['a subject that stands for many', { nats: { servers: ['nats://h'], subject: 'a.*' } }, 'without white space'],
  ['a topic that stands for many', { mqtt: { url: 'mqtt://h', topic: 'a/#' } }, 'without wildcards'],
  [
    'two kinds',
    { redis: { url: 'redis://h', list: 'l' }, postgres: { url: 'postgres://h/d', table: 't' } },
    'give one',
  ],
] as const)('%s → refused, and it says what is right', ([, target, message]) => {
  expect(check(target).error).toContain(message);
});

test('what has defaults → need not be given, and a target may have the ARN of any service', () => {
  const { target } = check({ redis: { url: 'redis://h', stream: 's' } });
  expect(target).toMatchObject({ redis: { replicas: 0, timeoutMs: 10_000 } });
  expect(check({ nats: { servers: ['nats://a', 'tls://b'], subject: 's.t' } }).target).toMatchObject({
    nats: { jetStream: true },
  });
  expect(check({ mqtt: { url: 'mqtts://h', topic: 't', tls: { ca: 'file' } } }).target).toMatchObject({
    mqtt: { protocolVersion: 5 },
  });
});
