import { expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import type { ObjectEvent } from '../engine/types.ts';
import { type BrokerConnection, brokerTarget, type Connecting } from './broker-target.ts';
import { allTaken, type EventMessage, NotTaken } from './target.ts';

const messages: readonly EventMessage[] = [{ text: '{}', orderedBy: 'b/k', id: '1', event: {} as ObjectEvent }];
const { signal } = new AbortController();

/** A target, the connections that it made, and how each of them is. */
function targetOf(publish: BrokerConnection['publish'], { timeoutMs = 10_000 } = {}) {
  const made: { connecting: Connecting; isClosed: boolean }[] = [];
  const broker = { connects: async () => {} };
  const target = brokerTarget({
    arn: 'arn',
    address: 'amqp://rabbit',
    timeoutMs,
    async connect(connecting) {
      const connection = { connecting, isClosed: false };
      made.push(connection);
      await broker.connects();
      return {
        publish,
        close() {
          connection.isClosed = true;
        },
      };
    },
  });
  return { target, made, broker };
}

const forever = new Promise<never>(() => {});

test('messages at once and after another → one connection, made with the first', async () => {
  const { target, made } = targetOf(async () => allTaken);
  expect(made).toHaveLength(0);
  await Promise.all([target.send(messages, signal), target.send(messages, signal)]);
  expect(await target.send(messages, signal)).toEqual(new Map());
  expect(made).toHaveLength(1);
});

test('nobody is there → all that wait for the connection are told so, and the next message tries again', async () => {
  const { target, made, broker } = targetOf(async () => allTaken);
  broker.connects = () => Promise.reject(new AggregateError([new Error('connect ECONNREFUSED ::1:5672')]));
  const [one, other] = await Promise.allSettled([target.send(messages, signal), target.send(messages, signal)]);
  expect(one).toEqual(other);
  expect(one).toMatchObject({
    reason: { message: 'No connection to amqp://rabbit', cause: { message: 'connect ECONNREFUSED ::1:5672' } },
  });
  expect(made).toHaveLength(1);
  broker.connects = async () => {};
  expect(await target.send(messages, signal)).toBe(allTaken);
});

test('the connection ends → what is under way fails, and the next message has another', async () => {
  const begun = Promise.withResolvers<void>();
  let answer: () => Promise<typeof allTaken> = () => forever;
  const { target, made } = targetOf(() => {
    begun.resolve();
    return answer();
  });
  const sending = target.send(messages, signal);
  await begun.promise;
  made[0]?.connecting.lost(new NotTaken('The broker closed the connection'));
  await expect(sending).rejects.toThrow('The broker closed the connection');
  answer = async () => allTaken;
  await target.send(messages, signal);
  expect(made.map(({ isClosed }) => isClosed)).toEqual([true, false]);
});

test('a message is refused → the connection stays; publishing fails → it is left', async () => {
  const refused = new Map(messages.map((message) => [message, new NotTaken('too large')]));
  const { target, made } = targetOf(async () => refused);
  expect(await target.send(messages, signal)).toBe(refused);
  expect(made).toMatchObject([{ isClosed: false }]);
  const failing = targetOf(() => Promise.reject(new Error('write EPIPE')));
  await expect(failing.target.send(messages, signal)).rejects.toThrow('write EPIPE');
  expect(failing.made).toMatchObject([{ isClosed: true }]);
});

test('no answer in time → not taken, and the connection is left, also one that is made only then', async () => {
  const { target, made, broker } = targetOf(() => forever, { timeoutMs: 20 });
  const late = 'amqp://rabbit gave no answer within 20 ms';
  await expect(target.send(messages, signal)).rejects.toThrow(late);
  expect(made).toMatchObject([{ isClosed: true }]);
  const { promise, resolve } = Promise.withResolvers<void>();
  broker.connects = () => promise;
  await expect(target.send(messages, signal)).rejects.toThrow(late);
  expect(made[1]).toMatchObject({ isClosed: false, connecting: { signal: { aborted: true } } });
  resolve();
  await eventually(() => expect(made[1]?.isClosed).toBe(true));
});

test('given up, or closed, while something is under way → it fails at once', async () => {
  const { target, made } = targetOf(() => forever);
  const abort = new AbortController();
  const given = target.send(messages, abort.signal);
  abort.abort(new Error('given up'));
  await expect(given).rejects.toThrow('given up');
  const closed = target.send(messages, signal);
  await target.close?.();
  await expect(closed).rejects.toThrow('The server stops');
  await eventually(() => expect(made.map(({ isClosed }) => isClosed)).toEqual([true, true]));
});
