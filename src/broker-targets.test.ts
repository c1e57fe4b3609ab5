import pino from 'pino';
import { expect, test } from 'vitest';
import { packagesOf } from './broker-clients.ts';
import { isInstalled, openBrokers } from './broker-targets.ts';
import { eventsSchema } from './config-events.ts';

test('targets of every kind → each has its own, in their order, and none has connected', () => {
  const arnOf = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
  const nowhere = '127.0.0.1:1';
  const settings = {
    amqp: { url: `amqp://${nowhere}`, routingKey: 'q' },
    kafka: { brokers: [nowhere], topic: 't' },
    nats: { servers: [`nats://${nowhere}`], subject: 's' },
    mqtt: { url: `mqtt://${nowhere}`, topic: 't' },
    redis: { url: `redis://${nowhere}`, channel: 'c' },
    postgres: { url: `postgres://${nowhere}/d`, table: 't' },
    webhook: { url: 'http://127.0.0.1:1', secret: 'sixteen letters.' },
  };
  const targets = Object.entries(settings).map(([kind, one]) => ({ arn: arnOf(kind), [kind]: one }));
  const log = pino({ level: 'silent' });
  const opened = openBrokers({ events: eventsSchema.parse({ targets }), placeOf: () => '' }, log);
  const brokers = ['amqp', 'kafka', 'nats', 'mqtt', 'redis', 'postgres'];
  expect(opened.map(({ arn }) => arn)).toEqual(brokers.map(arnOf));
});

test('the package of a client is there, or is not → found, or not', () => {
  expect(Object.values(packagesOf).flat().filter(isInstalled)).toEqual(Object.values(packagesOf).flat());
  expect(isInstalled('@nobody/has-such-a-package')).toBe(false);
});
