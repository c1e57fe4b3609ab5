/** Brokers that go, or lose their senses, in the middle of a conversation: a message has failed then, and nothing else has. */
import pino from 'pino';
import { expect, test } from 'vitest';
import { type Misbehaviour, type ScriptedServer, scriptedServer, scripts } from '../test/support/brokers/scripted.ts';
import { eventually } from '../test/support/eventually.ts';
import { openBrokers } from './broker-targets.ts';
import { eventsSchema } from './config-events.ts';
import type { OutboxEvent } from './engine/types.ts';
import type { EventMessage, EventTarget } from './events/target.ts';

const { signal } = new AbortController();
const messages: readonly EventMessage[] = [{ text: '{}', orderedBy: 'b/k', id: '1', event: {} as OutboxEvent }];

const settingsOf: Readonly<Record<keyof typeof scripts, (at: string) => object>> = {
  amqp: (at) => ({ url: `amqp://user:secret@${at}`, routingKey: 'q' }),
  kafka: (at) => ({ brokers: [at], topic: 't', sasl: { mechanism: 'PLAIN', username: 'user', password: 'secret' } }),
  nats: (at) => ({ servers: [`nats://user:secret@${at}`], subject: 's' }),
  mqtt: (at) => ({ url: `mqtt://user:secret@${at}`, topic: 't' }),
  redis: (at) => ({ url: `redis://user:secret@${at}`, list: 'l' }),
  postgres: (at) => ({ url: `postgres://user:secret@${at}/db`, table: 't' }),
};

const misbehaviours: Readonly<Record<string, Misbehaviour>> = {
  resets: (socket) => void socket.resetAndDestroy(),
  'resets in the middle of a word': (socket, answer) => {
    socket.write(answer.subarray(0, answer.length / 2), () => socket.resetAndDestroy());
  },
  'resets behind it': (socket, answer) => void socket.write(answer, () => socket.resetAndDestroy()),
  'talks nonsense': (socket) => void socket.end(Buffer.from('ff00'.repeat(40), 'hex')),
};

/** A target that is a broker of a kind, and what its thread has died of. */
function openTarget(kind: keyof typeof scripts, server: ScriptedServer) {
  const crashes: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => crashes.push(line) });
  const targets = [{ arn: 'arn:aws:sqs:us-east-1:000000000000:q', [kind]: settingsOf[kind](server.address) }];
  const [target] = openBrokers({ events: eventsSchema.parse({ targets }), placeOf: () => '' }, log);
  if (target === undefined) throw new Error('no broker is configured');
  return { target, crashes };
}

test.for(Object.keys(scripts) as (keyof typeof scripts)[])(
  '%s: the broker misbehaves at any point → what was sent has failed, and is taken once it behaves',
  async (kind) => {
    const server = await scriptedServer(scripts[kind]);
    const { target, crashes } = openTarget(kind, server);
    const send = (to: EventTarget) => to.send(messages, signal);
    server.misbehaveAt(Number.POSITIVE_INFINITY, () => {});
    expect(await send(target)).toEqual(new Map());
    const { answers } = server;
    expect(answers).toBeGreaterThan(1);
    for (const [name, how] of Object.entries(misbehaviours)) {
      // On the connection that there is, then at each point of those that are made anew.
      for (const at of [0, ...Array(answers).keys()]) {
        server.misbehaveAt(at, how);
        const outcome = await send(target).then(
          (notTaken) => (notTaken.size === 0 ? 'taken' : 'not taken'),
          () => 'not taken',
        );
        if (name !== 'resets behind it') expect(outcome, `${name} at ${at}`).toBe('not taken');
        for (const socket of server.open) socket.destroy();
        await eventually(() => expect(server.open.size).toBe(0));
      }
    }
    server.misbehaveAt(Number.POSITIVE_INFINITY, () => {});
    await eventually(async () => expect(await send(target)).toEqual(new Map()));
    await target.close?.();
    await eventually(() => expect(server.open.size).toBe(0));
    server.close();
    expect(crashes).toEqual([]);
  },
);
