/** `ninefold status` as an operator runs it: condition → what is printed, exit code. */
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { startDaemon } from '../support/daemon.ts';
import { DataFolders } from '../support/data-folders.ts';
import { eventually } from '../support/eventually.ts';
import { runNinefold, runNinefoldFor } from '../support/ninefold-command.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();

test('server that is well → said so, with its disks and what fails together; exit 0', async () => {
  const { code, stdout, stderr } = await runNinefoldFor(daemon(), ['status']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Ninefold \d+\.\d+\.\d+ at http:\/\/127\.0\.0\.1:\d+, up for /);
  expect(stdout).toContain('Nothing needs attention.');
  expect(stdout).toContain('All 9 disks lie on one file system: a failure of it loses everything.');
  expect(stdout.match(/^ {2}zone-[abc] {2}[0-9a-f]{8} {2}healthy /gm)).toHaveLength(9);
  expect(stdout).toContain('3 of 3 disks in use');
});

test('--json → the document that the server answers', async () => {
  const { code, stdout } = await runNinefoldFor(daemon(), ['status', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ problems: [], disks: expect.any(Array), index: expect.any(Object) });
});

test('disk that is lost → named, with what it costs; exit 1; well again when it is back', async () => {
  const Bucket = await daemon().newBucket();
  await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'x'.repeat(100_000) }));
  expect((await runNinefoldFor(daemon(), ['status'])).stdout).toMatch(/survives 3 more losses of disks +9\d\.\d KiB/);
  const folders = new DataFolders(daemon().dataDirectory);
  await folders.lose(['zone-b/disk-2']);
  await eventually(async () => {
    const { code, stdout } = await runNinefoldFor(daemon(), ['status']);
    const path = join(daemon().dataDirectory, 'zone-b/disk-2');
    expect(stdout).toContain(`- Disk ${path} is missing: `);
    expect(stdout).toContain('2 of 3 disks in use');
    expect(stdout).toMatch(
      /- Redundancy is reduced, every object survives the loss of any 2 more disks: .* \(1 missing\)/,
    );
    expect(stdout).toMatch(/survives 2 more losses of disks +9\d\.\d KiB/);
    expect(code).toBe(1);
  });
  await folders.giveBack();
  await eventually(async () => expect((await runNinefoldFor(daemon(), ['status'])).code).toBe(0));
});

test('key of the data folder → found there; another data folder, another key, no server → said what to do', async () => {
  const own = await startDaemon({
    isHosted: true,
    environment: { NINEFOLD_ACCESS_KEY_ID: '', NINEFOLD_SECRET_ACCESS_KEY: '' },
  });
  onTestFinished(async () => void (await own.stop()));
  const port = ['--port', String(own.port)];
  expect(await runNinefold(['status', ...port, '--data', own.dataDirectory])).toMatchObject({ code: 0 });

  const elsewhere = await runNinefold(['status', ...port, '--data', daemon().dataDirectory]);
  expect(elsewhere).toMatchObject({ code: 1, stdout: '' });
  expect(elsewhere.stderr).toMatch(
    /^No root key is configured, and .*root-key\.json is not there\. Give the same --data /,
  );

  const otherKey = await runNinefoldFor(daemon(), ['status', ...port]);
  expect(otherKey).toMatchObject({ code: 1, stdout: '' });
  expect(otherKey.stderr).toContain(`does not know the key ${daemon().accessKeyId} with this secret`);
  const otherSecret = await runNinefoldFor(daemon(), ['status'], { NINEFOLD_SECRET_ACCESS_KEY: 'not the secret' });
  expect(otherSecret.stderr).toContain('with this secret');

  await own.stop();
  const stopped = await runNinefoldFor(daemon(), ['status', ...port]);
  expect(stopped).toMatchObject({ code: 1, stdout: '' });
  expect(stopped.stderr).toMatch(/^No server answers at http:\/\/127\.0\.0\.1:\d+\. Start one with/);
});

test('server that listens on IPv6 → reached', async () => {
  const own = await startDaemon({ args: ['--host', '::1'] });
  onTestFinished(async () => void (await own.stop()));
  expect(await runNinefoldFor(own, ['status', '--host', '::1'])).toMatchObject({ code: 0 });
});
