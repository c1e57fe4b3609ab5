/** `ninefold events …` as an operator decides on events that were given up. */
import { PutBucketNotificationConfigurationCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { EventReceiver } from '../support/event-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { readNinefoldFor, runNinefoldFor } from '../support/ninefold-command.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const target = 'arn:aws:lambda:us-east-1:000000000000:function:down';
const other = 'arn:aws:lambda:us-east-1:000000000000:function:none';
const receiver = await EventReceiver.open();
afterAll(() => receiver[Symbol.asyncDispose]());

const webhook = { url: receiver.url, secret: 'a-secret-of-the-test' };
const daemon = useDaemon({
  config: JSON.stringify({ events: { retryFor: '1ms', targets: [{ arn: target, webhook }] } }),
});
const { send } = signedRequests(daemon);
const run = (...words: string[]) => runNinefoldFor(daemon(), words);

async function telling(LambdaFunctionArn: string): Promise<string> {
  const Bucket = await daemon().newBucket();
  const LambdaFunctionConfigurations = [{ LambdaFunctionArn, Events: ['s3:ObjectCreated:*' as const] }];
  await daemon().client.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: { LambdaFunctionConfigurations },
      SkipDestinationValidation: true,
    }),
  );
  return Bucket;
}

test('given up → listed, needs attention, and sent again when asked; dropped → gone', async () => {
  const Bucket = await telling(target);
  const put = (Key: string) => daemon().client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  receiver.takes = () => false;
  await put('a');
  await put('b');
  await eventually(async () => expect((await run('events', 'list')).stdout).toMatch(/:down {2}0 wait {2}2 given up/));
  expect(await figuresOf(target)).toEqual({ dead_letters: 2 });
  expect((await run('status')).stdout).toContain(`2 events for ${target} were given up and are kept.`);
  receiver.takes = () => true;
  expect((await run('events', 'replay', target)).stdout).toBe('2 events are sent again.\n');
  await eventually(() =>
    expect(
      receiver
        .recordsOf(Bucket)
        .map(({ s3 }) => s3.object.key)
        .toSorted(),
    ).toEqual(['a', 'b']),
  );
  await eventually(async () => expect((await run('events', 'list')).stdout).toMatch('No event waits'));

  receiver.takes = () => false;
  await put('c');
  await eventually(async () => expect((await run('events', 'list')).stdout).toContain('1 given up'));
  expect((await run('events', 'drop', target)).stdout).toBe('1 event is forgotten.\n');
  expect((await run('events', 'list')).stdout).toBe('No event waits, and none was given up.\n');
});

/** Figures of the target that `/-/metrics` has, by their names. */
async function figuresOf(arn: string): Promise<Readonly<Record<string, number>>> {
  const { body } = await send({ method: 'GET', path: '/-/metrics' });
  const lines = [...body.matchAll(/^ninefold_events_(\w+)\{target="([^"]*)"\} (.+)$/gm)];
  return Object.fromEntries(
    lines.filter(([, , target]) => target === arn).map(([, name, , value]) => [name, Number(value)]),
  );
}

test('for a target that is not there → they wait, and are dropped when asked; without any → refused', async () => {
  const Bucket = await telling(other);
  await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
  expect((await run('events', 'list')).stdout).toMatch(/:none {2}1 wait, the oldest for /);
  const { waiting, oldest_waiting_seconds: ageSeconds, ...others } = await figuresOf(other);
  expect({ waiting, others }).toEqual({ waiting: 1, others: {} });
  expect(ageSeconds).toBeGreaterThan(0);
  expect(ageSeconds).toBeLessThan(600);
  expect((await run('events', 'drop', other)).stdout).toBe('0 events are forgotten.\n');
  expect((await run('events', 'drop', other, '--waiting')).stdout).toBe('1 event is forgotten.\n');
  expect(await run('events', 'replay', other)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`There are no events for ${other}; for no target there are any`),
  });
});

test('tail → a line for each target of each event as it happens, also of those that nobody takes, until nobody reads it', async () => {
  const [Bucket, elsewhere] = [await telling(other), await telling(other)];
  let isRead = false;
  const reading = readNinefoldFor(daemon(), ['events', 'tail', '--bucket', Bucket, '--target', other], 1);
  const read = reading.finally(() => {
    isRead = true;
  });
  await eventually(async () => {
    for (const one of [elsewhere, Bucket]) {
      await daemon().client.send(new PutObjectCommand({ Bucket: one, Key: 'a b', Body: 'x' }));
    }
    expect(isRead).toBe(true);
  });
  const [line = ''] = await read;
  const message = { Records: [{ eventName: 'ObjectCreated:Put', s3: { object: { key: 'a+b' } } }] };
  const told = { target: other, event: 'ObjectCreated:Put', bucket: Bucket, key: 'a b', message };
  expect(JSON.parse(line)).toMatchObject({ time: expect.stringMatching(/Z$/), ...told });
});
