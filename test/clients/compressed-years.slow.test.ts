/**
 * The life of objects through more than half a year of days that have half a second, as a client of boto3 sees it: every kind of
 * rule, restore, report and tier acts at its time, on a server that goes on and on one that is killed again and again.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { beforeAll, type ExpectStatic, test } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { generation, type PythonClients, pythonClients, setupLimitMs } from './python.ts';

const script = fileURLToPath(new URL('compressed-years.py', import.meta.url));
const daySeconds = 0.5;
const config = `
time: { dayLength: ${daySeconds * 1000}ms }
store: { schemes: { STANDARD: 1+2 } }
`;
/** Of what the script watches, as it lasts longest. */
const watchedMin = 25;
const complaintLinesMax = 8;

let clients: PythonClients;
beforeAll(async () => {
  clients = await pythonClients(generation);
}, setupLimitMs);

/** Runs the script against a server of its own, and has something done with that on some days. Returns what failed. */
async function live(onDays: readonly number[], act: (daemon: Daemon) => Promise<void>) {
  await using daemon = await startDaemon({ config, environment: { NINEFOLD_LOG_LEVEL: 'error' } });
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', ...daemon.clientEnvironment };
  const child = spawn(clients.interpreter ?? '', [script, String(daySeconds)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const failures: Record<string, string> = {};
  let [watched, acted] = [0, 0];
  for await (const line of createInterface(child.stdout)) {
    const told = JSON.parse(line) as { day?: number; watched?: string; failure?: string | null };
    if (told.day !== undefined && onDays.includes(told.day)) {
      await act(daemon);
      acted += 1;
    }
    if (told.watched === undefined) continue;
    watched += 1;
    if (told.failure != null) failures[told.watched] = told.failure;
  }
  await ended;
  // Of a long complaint the end says what it is about.
  const complaints = complaint.trimEnd().split('\n').slice(-complaintLinesMax);
  return { failures, complaint: complaints.join('\n'), acted, isWhole: watched >= watchedMin };
}

/** Told in full where it differs, as an assertion alone tells the beginnings of values. */
function expectWhole(lived: Awaited<ReturnType<typeof live>>, acted: number, told: ExpectStatic): void {
  const { complaint, ...rest } = lived;
  const words = `${JSON.stringify(rest, undefined, 1)}\n${complaint}\n`;
  told(lived, words).toEqual({ failures: {}, complaint: '', acted, isWhole: true });
}

test.concurrent('a server that goes on → each thing at its time', async ({ expect: told, skip }) => {
  if (clients.missing !== undefined) skip(clients.missing);
  expectWhole(await live([], async () => {}), 0, told);
});

test.concurrent('kill -9 in the middle, four times → the same', async ({ expect: told, skip }) => {
  if (clients.missing !== undefined) skip(clients.missing);
  const killed = await live([10, 40, 90, 150], async (daemon) => {
    await daemon.kill9();
    await daemon.start();
  });
  expectWhole(killed, 4, told);
});
