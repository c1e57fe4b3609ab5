/** A server that speaks TLS with the files that its configuration names: requests, policies, commands, new certificates. */
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { sendRaw, signRaw, wireBytes } from '../support/raw-http.ts';
import { sha256Hex, signHeader } from '../support/sigv4-sign.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url));
let folder: string;
let certificates: string[];
let daemon: Daemon;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ninefold-tls-'));
  certificates = await Promise.all(['first', 'second'].map((name) => readFile(fixture(`${name}-certificate`), 'utf8')));
  await use('first');
  const config = `tls:\n  certificate: ${folder}/tls.crt\n  key: ${folder}/tls.key\n`;
  daemon = await startDaemon({ config });
});
afterAll(async () => {
  await daemon.stop();
  await rm(folder, { recursive: true });
});

async function use(name: string): Promise<void> {
  await copyFile(fixture(`${name}-certificate`), join(folder, 'tls.crt'));
  await copyFile(fixture(`${name}-key`), join(folder, 'tls.key'));
}

interface Sent {
  readonly status: number;
  readonly body: string;
  readonly shown: PeerCertificate;
}

function send(method: string, path: string, more: { body?: string; agent?: Agent; query?: string; bare?: true } = {}) {
  const { body = '', agent = new Agent({ ca: certificates }), query, bare } = more;
  const unsigned = {
    method,
    path,
    query: query === undefined ? [] : [[query, ''] as const],
    headers: { host: hostOf() },
  };
  const wire = signHeader(unsigned, daemon, { date: new Date(), payload: sha256Hex(body) });
  const md5 = createHash('md5').update(body).digest('base64');
  return new Promise<Sent>((resolve, reject) => {
    const outgoing = request({
      ...{ agent, method, host: '127.0.0.1', port: daemon.port },
      path: wire.rawQuery === '' ? wire.rawPath : `${wire.rawPath}?${wire.rawQuery}`,
      headers: { ...(bare ? { host: hostOf() } : wire.headers), 'content-length': body.length, 'content-md5': md5 },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const shown = (response.socket as TLSSocket).getPeerCertificate();
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: text, shown }));
    });
    outgoing.end(body);
  });
}

const hostOf = () => `127.0.0.1:${daemon.port}`;

test('what the server prints, and the commands that ask it', async () => {
  expect(daemon.endpoint).toBe(`https://${hostOf()}`);
  const config = join(daemon.dataDirectory, 'config.yaml');
  const ask = (...args: string[]) =>
    runNinefoldFor(daemon, [...args, '--config', config, '--data', daemon.dataDirectory]);
  expect(await ask('healthcheck')).toMatchObject({ code: 0, stdout: expect.stringContaining('"ready":true') });
  expect(await ask('status')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`at https://${hostOf()}, up for`),
  });
});

test('aws:SecureTransport and s3:TlsVersion → those of the connection', async () => {
  await send('PUT', '/policies');
  await send('PUT', '/policies/k', { body: 'content' });
  await send('DELETE', '/policies', { query: 'publicAccessBlock' });
  const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::policies/*' };
  const conditions = { Bool: { 'aws:SecureTransport': 'true' }, NumericGreaterThanEquals: { 's3:TlsVersion': '1.3' } };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, Condition: conditions }] });
  expect((await send('PUT', '/policies', { query: 'policy', body: policy })).status).toBe(204);
  expect((await send('GET', '/policies/k', { bare: true })).body).toBe('content');
  const older = new Agent({ ca: certificates, maxVersion: 'TLSv1.2' });
  expect((await send('GET', '/policies/k', { bare: true, agent: older })).status).toBe(403);
});

test('TLS 1.1, or no TLS at all → refused', async () => {
  const shake = (maxVersion: 'TLSv1.1' | 'TLSv1.2') =>
    new Promise<string>((resolve) => {
      const options = { ca: certificates, minVersion: 'TLSv1' as const, maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' };
      const socket = connect({ ...options, host: '127.0.0.1', port: daemon.port });
      const tell = (how: string) => {
        socket.destroy();
        resolve(how);
      };
      socket
        .once('secureConnect', () => tell(socket.getProtocol() ?? ''))
        .once('error', ({ message }) => tell(message));
    });
  expect(await shake('TLSv1.2')).toBe('TLSv1.2');
  expect(await shake('TLSv1.1')).toMatch(/alert protocol version|EPROTO/);
  const plain = wireBytes(signRaw({ method: 'GET', path: '/', key: daemon, host: hostOf() }));
  expect((await sendRaw(plain, { port: daemon.port })).status).toBe(0);
});

test('a new pair → new connections get it within seconds, or at once on SIGHUP; open ones go on; half a pair → not taken', async () => {
  const kept = new Agent({ ca: certificates, keepAlive: true, maxSockets: 1 });
  const nameOf = async (agent?: Agent) => (await send('GET', '/', agent && { agent })).shown.subject.CN;
  expect(await nameOf(kept)).toBe('first.example.org');
  await use('second');
  await eventually(async () => expect(await nameOf()).toBe('second.example.org'));
  expect(await nameOf(kept)).toBe('first.example.org');

  await truncate(join(folder, 'tls.key'), 50);
  process.kill(daemon.pid, 'SIGHUP');
  await eventually(() => expect(daemon.output).toContain('the one before stays'));
  expect(await nameOf()).toBe('second.example.org');
  await use('first');
  process.kill(daemon.pid, 'SIGHUP');
  await eventually(async () => expect(await nameOf()).toBe('first.example.org'));
  expect(await nameOf(kept)).toBe('first.example.org');
  kept.destroy();
});

test('files that cannot be used at start → refused, with the line of the configuration', async () => {
  const config = `host: 127.0.0.1\ntls:\n  certificate: ${fixture('first-certificate')}\n  key: ${fixture('second-key')}\n`;
  await expect(startDaemon({ config })).rejects.toThrow(
    /config\.yaml, line 4: tls\.key: .*is not the key of the first/,
  );
});
