/**
 * Checks in Python, each of them a test: functions `check_…` of a script, whose doc strings begin with the test's name. The
 * script runs them all in one process and prints a line of JSON for each (`checks.py`).
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { generation, type PythonClients, pythonClients, setupLimitMs } from './python.ts';

/** `name` is that of the script beside this file; at least so many checks must be found in it. */
export function describeChecks(name: string, daemon: () => Daemon, checksMin: number): void {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const checks = [...readFileSync(script, 'utf8').matchAll(/^def (check_\w+)\(.*\):\n {4}"""(.+?)(?:"""|\n)/gm)].map(
    ([, check = '', title = '']) => ({ check, title }),
  );

  test(`${name} → its checks are found`, () => {
    expect(checks.length).toBeGreaterThanOrEqual(checksMin);
  });

  describe(`${name} (${generation})`, () => {
    let clients: PythonClients;
    /** What went wrong in each check that ran, null if nothing. */
    const outcomes = new Map<string, string | null>();
    let complaint = '';

    beforeAll(async () => {
      clients = await pythonClients(generation);
      if (clients.interpreter === undefined) return;
      // What Python compiles, the module that scripts share too, is kept beside the clients and not in this folder.
      const compiled = join(clients.interpreter, '..', '..', 'compiled');
      const own = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', PYTHONPYCACHEPREFIX: compiled };
      const env = { ...own, ...daemon().clientEnvironment };
      const { stdout, stderr } = await promisify(execFile)(clients.interpreter, [script], { env, timeout: 240_000 });
      complaint = stderr;
      for (const line of stdout.trim().split('\n')) {
        const { check, failure }: { check: string; failure: string | null } = JSON.parse(line);
        outcomes.set(check, failure);
      }
    }, setupLimitMs);

    beforeEach((ctx) => {
      if (clients.missing !== undefined) ctx.skip(clients.missing);
    });

    test.for(checks)('$title', ({ check }) => {
      expect(outcomes.get(check), complaint).toBeNull();
    });
  });
}
