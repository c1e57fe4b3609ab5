import { expect, test } from 'vitest';
import { missingPackage, openBrokers } from './broker-targets.ts';
import { eventsSchema } from './config-events.ts';

test('targets of every kind → each has its own, in their order, and none has connected', async () => {
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
  const opened = await openBrokers({ events: eventsSchema.parse({ targets }), placeOf: () => '' });
  const brokers = ['amqp', 'kafka', 'nats', 'mqtt', 'redis', 'postgres'];
  expect(opened.map(({ arn }) => arn)).toEqual(brokers.map(arnOf));
});

test('a package is not there → its name, as Node says it; any other error → none', () => {
  const message = "Cannot find package '@redis/client' imported from /app/dist/events/targets/redis.js";
  expect(missingPackage(Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' }))).toBe('@redis/client');
  expect(missingPackage(new Error(message))).toBeUndefined();
});
