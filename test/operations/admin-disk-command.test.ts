/** `ninefold disk …` as an operator runs it, on a server that holds data: what is changed, printed and refused. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test, vi } from 'vitest';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const run = (...words: string[]) => runNinefoldFor(daemon(), ['disk', ...words]);
const folder = (path: string): string => join(daemon().dataDirectory, path);
const limitMs = 60_000;
const { send } = signedRequests(daemon);

async function steer(job: string, action: 'pause' | 'resume'): Promise<void> {
  expect((await send({ method: 'POST', path: `/-/jobs/${job}/${action}`, body: '' })).status).toBe(200);
}

/** The line of the disk at a path in `disk list`. */
async function listed(path: string): Promise<string | undefined> {
  const { code, stdout, stderr } = await run('list');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').find((line) => line.includes(folder(path)));
}

test('a disk added, another drained and removed, one that died replaced → the data stays and is whole again', {
  timeout: 4 * limitMs,
}, async () => {
  const Bucket = await daemon().newBucket();
  const content = randomBytes(3_000_000);
  await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: content }));
  const readBack = async () => {
    const { Body } = await daemon().client.send(new GetObjectCommand({ Bucket, Key: 'key' }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(content)).toBe(true);
  };

  const added = await run('add', 'zone-a', folder('zone-a/disk-4'));
  expect(added).toMatchObject({ code: 0, stderr: '' });
  expect(added.stdout).toMatch(/ zone-a {2}[0-9a-f]{8} {2}healthy /);

  await steer('rebalance', 'pause');
  const stopped = await run('drain', folder('zone-a/disk-1'), '--wait');
  expect(stopped).toMatchObject({ code: 1, stderr: expect.stringMatching(/paused: resume rebalance.*shards to move/) });
  expect((await run('remove', folder('zone-a/disk-1'))).stderr).toMatch(/still holds/);
  await steer('rebalance', 'resume');
  const drained = await run('drain', folder('zone-a/disk-1'), '--wait');
  expect(drained).toMatchObject({ code: 0, stderr: '' });
  expect(drained.stdout).toMatch(/draining.*Done after /s);
  // Its shards have moved, and so it can be removed.
  expect(await run('remove', folder('zone-a/disk-1'))).toMatchObject({ code: 0 });
  expect(await listed('zone-a/disk-1')).toBeUndefined();
  await rm(folder('zone-a/disk-1'), { recursive: true });
  await readBack();

  await rm(folder('zone-b/disk-2'), { recursive: true });
  await vi.waitFor(async () => expect(await listed('zone-b/disk-2')).toContain('missing'), {
    timeout: limitMs,
    interval: 500,
  });
  const replaced = await run('replace', folder('zone-b/disk-2'), folder('zone-b/disk-5'), '--wait');
  expect(replaced).toMatchObject({ code: 0, stderr: '' });
  expect(replaced.stdout).toMatch(/segments to mend.*Done after /s);
  const { stdout } = await runNinefoldFor(daemon(), ['status']);
  expect(stdout).toMatch(/survives 3 more losses of disks/);
  expect(stdout).not.toMatch(/Redundancy is reduced/);
  await readBack();
  await daemon().restart();
  expect(await listed('zone-b/disk-5')).toContain('healthy');
  await readBack();
});

test('unknown disk or zone, a disk that the zone needs, missing words → said why, nothing changes', async () => {
  const before = (await run('list')).stdout.match(/^ {2}zone-[abc] {2}[0-9a-f]{8}/gm);
  for (const [words, said] of [
    [['drain', 'ffffffff'], /ffffffff/],
    [['add', 'zone-x', folder('x')], /no zone zone-x/],
    [['drain', folder('zone-c/disk-1')], /zone-c/],
    [['add', 'zone-a', folder('zone-c/disk-2')], /disk-2/],
  ] as const) {
    const { code, stdout, stderr } = await run(...words);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(said);
  }
  expect((await run('add', 'zone-a')).code).toBe(2);
  expect((await run('list')).stdout.match(/^ {2}zone-[abc] {2}[0-9a-f]{8}/gm)).toEqual(before);
});
