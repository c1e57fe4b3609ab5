import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { ObjectEvent } from '../engine/types.ts';
import type { EventMessage } from './target.ts';
import { threadTarget } from './thread-target.ts';

const { signal } = new AbortController();

function message(text: string): EventMessage {
  return { text, orderedBy: 'b/k', id: text, event: {} as ObjectEvent };
}

/** A thread whose target does as messages say, and a target on it. */
const program = `
  const { parentPort } = require('node:worker_threads');
  const { EventEmitter } = require('node:events');
  const does = {
    'take it': () => {},
    'take no second': ([, second]) => new Map([[second, new Error('too large')]]),
    reject: () => { throw new Error('No connection', { cause: new Error('connect ECONNREFUSED') }); },
    throw: () => new Promise(() => setTimeout(() => { throw new Error('in a timer'); })),
    'emit an error': () => new Promise(() => setImmediate(() => new EventEmitter().emit('error', new Error('that nobody heard')))),
    'reject aside': () => new Promise(() => void Promise.reject(new Error('that nobody holds'))),
    exit: () => process.exit(3),
    'say nothing': () => new Promise(() => {}),
  };
  const target = { arn: 'arn', send: async (messages) => does[messages[0].text](messages) ?? new Map() };
  import('${new URL('thread-target.ts', import.meta.url).href}').then(({ serveTarget }) => serveTarget(target, parentPort));
`;
function onThread() {
  const threads: Worker[] = [];
  const crashes: unknown[] = [];
  const start = () => {
    const thread = new Worker(program, { eval: true });
    threads.push(thread);
    return thread;
  };
  const target = threadTarget({ arn: 'arn', batchMax: 2, start, onCrash: (why) => crashes.push(why) });
  return { target, threads, crashes, send: (...texts: string[]) => target.send(texts.map(message), signal) };
}

test('messages → one thread, begun with the first, and what it says of each', async () => {
  const { target, threads, send } = onThread();
  expect(threads).toHaveLength(0);
  expect(await send('take it')).toEqual(new Map());
  const [first, second] = [message('take no second'), message('b')];
  const notTaken = await target.send([first, second], signal);
  expect([...notTaken.keys()]).toEqual([second]);
  expect(notTaken.get(second)).toMatchObject({ message: 'too large' });
  const why = { message: 'No connection', cause: { message: 'connect ECONNREFUSED' } };
  await expect(send('reject')).rejects.toMatchObject(why);
  expect(threads).toHaveLength(1);
  await target.close?.();
});

test('something throws on the thread that nobody holds → all that was under way failed, and the next message has another', async () => {
  const { target, threads, crashes, send } = onThread();
  const ways = [
    ['throw', 'in a timer'],
    ['emit an error', 'that nobody heard'],
    ['reject aside', 'that nobody holds'],
    ['exit', 'its thread ended with 3'],
  ] as const;
  for (const [way, message] of ways) {
    const waiting = send('say nothing');
    const why = { message: 'What speaks to it failed', cause: { message } };
    const failed = expect(waiting).rejects.toMatchObject(why);
    await expect(send(way)).rejects.toMatchObject(why);
    await failed;
    expect(crashes.splice(0)).toMatchObject([{ message }]);
    expect(await send('take it')).toEqual(new Map());
  }
  expect(threads).toHaveLength(5);
  await target.close?.();
});

test('given up, or closed, while something is under way → it fails at once, and no thread is left', async () => {
  const { target, threads, crashes, send } = onThread();
  const abort = new AbortController();
  const given = target.send([message('say nothing')], abort.signal);
  abort.abort(new Error('given up'));
  await expect(given).rejects.toThrow('given up');
  const waiting = send('say nothing');
  const closing = expect(waiting).rejects.toThrow('The server stops');
  await target.close?.();
  await closing;
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1]);
  expect(crashes).toEqual([]);
});
