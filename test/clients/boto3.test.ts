/** boto3, new and old: all checks of boto3-checks.py in one process, each of them a test here. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { useDaemon } from '../support/use-daemon.ts';
import { generation, type PythonClients, pythonClients, setupLimitMs } from './python.ts';

const daemon = useDaemon();
const script = fileURLToPath(new URL('boto3-checks.py', import.meta.url));
const checks = [...readFileSync(script, 'utf8').matchAll(/^def (check_\w+)\(.*\):\n {4}"""(.+?)(?:"""|\n)/gm)].map(
  ([, name = '', title = '']) => ({ name, title }),
);

test('boto3-checks.py → its checks are found', () => {
  expect(checks.length).toBeGreaterThan(15);
});

describe(`boto3 (${generation})`, () => {
  let clients: PythonClients;
  /** What went wrong in each check that ran, null if nothing. */
  const outcomes = new Map<string, string | null>();
  let complaint = '';

  beforeAll(async () => {
    clients = await pythonClients(generation);
    if (clients.interpreter === undefined) return;
    const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', ...daemon().clientEnvironment };
    const { stdout, stderr } = await promisify(execFile)(clients.interpreter, [script], { env, timeout: 120_000 });
    complaint = stderr;
    for (const line of stdout.trim().split('\n')) {
      const { check, failure }: { check: string; failure: string | null } = JSON.parse(line);
      outcomes.set(check, failure);
    }
  }, setupLimitMs);

  beforeEach((ctx) => {
    if (clients.missing !== undefined) ctx.skip(clients.missing);
  });

  test.for(checks)('$title', ({ name }) => {
    expect(outcomes.get(name), complaint).toBeNull();
  });
});
