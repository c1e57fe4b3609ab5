/** aws-cli and boto3 against a server that speaks TLS with a certificate of its own. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { useDaemon } from '../support/use-daemon.ts';
import { AwsSession } from './aws-session.ts';
import { generation, pythonClients, setupLimitMs } from './python.ts';
import { describeChecks } from './python-checks.ts';

const daemon = useDaemon({ isHosted: false, config: 'tls:\n  selfSigned: true\n' });

describeChecks('boto3-tls-checks.py', daemon, 3);

test(
  'aws-cli with the lines that the server prints → works, without its certificate → refuses',
  async (ctx) => {
    const { interpreter, missing } = await pythonClients(generation);
    if (interpreter === undefined) return ctx.skip(missing);
    const printed = await eventually(() => {
      const lines = [...daemon().output.matchAll(/(AWS_\w+)=(\S+)/g)];
      const found = new Map(lines.map(([, name = '', value = '']) => [name, value] as const));
      expect(found.get('AWS_ENDPOINT_URL')).toBe(`https://127.0.0.1:${daemon().port}`);
      return found;
    });
    const cwd = await mkdtemp(join(tmpdir(), 'ninefold-aws-tls-'));
    // A certificate that is refused is refused again: no attempt but the first tells anything.
    const more = { AWS_SECRET_ACCESS_KEY: daemon().secretAccessKey, AWS_MAX_ATTEMPTS: '1' };
    const session = new AwsSession({ interpreter, cwd, environment: { ...Object.fromEntries(printed), ...more } });
    try {
      const body = seededBytes(9_000_000, 1);
      await writeFile(join(cwd, 'up'), body);
      await session.run(['s3', 'mb', 's3://by-cli']);
      await session.run(['s3', 'cp', 'up', 's3://by-cli/k']);
      await session.run(['s3', 'cp', 's3://by-cli/k', 'down']);
      expect((await readFile(join(cwd, 'down'))).equals(body)).toBe(true);
      await writeFile(
        join(cwd, 'none.pem'),
        await readFile(new URL('../support/tls/first-certificate.pem', import.meta.url)),
      );
      const stranger = await session.attempt(['--ca-bundle', join(cwd, 'none.pem'), 's3', 'ls']);
      expect(stranger.code).not.toBe(0);
      expect(stranger.stderr).toContain('SSL validation failed');
    } finally {
      await session.close();
      await rm(cwd, { recursive: true, force: true });
    }
  },
  setupLimitMs,
);
