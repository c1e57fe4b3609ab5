/**
 * Requests that two readers of HTTP may take for different ones. Behind each stands a whole, validly signed request that
 * would destroy something: where the server and a proxy in front of it disagree on where a request ends, it would be done.
 */
import { describe, expect, test } from 'vitest';
import { alice, secretText, treasure, useAttackStage, yard } from '../support/attack-stage.ts';
import { rootKey } from '../support/daemon.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { wireBytes } from '../support/raw-http.ts';
import { sha256Hex, signHeader } from '../support/sigv4-sign.ts';

const stage = useAttackStage();
const host = (): string => `127.0.0.1:${stage().daemon.port}`;

/** What is hidden behind the attack. */
function smuggled(): Buffer {
  const request = { method: 'DELETE', path: `/${treasure}/secret`, headers: { host: host() } };
  return wireBytes(signHeader(request, rootKey, { date: new Date(), payload: sha256Hex('') }));
}

/** The head of a request that its sender may make, with these lines instead of its length. */
function headWith(lines: readonly string[], { method = 'PUT', version = '1.1' } = {}): string {
  const request = { method, path: `/${yard}/weeds`, headers: { host: host() } };
  const { headers } = signHeader(request, alice, { date: new Date(), payload: 'UNSIGNED-PAYLOAD' });
  const signed = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${method} /${yard}/weeds HTTP/${version}\r\n${[...signed, ...lines].join('\r\n')}\r\n\r\n`;
}

/** Everything that the server says until it closes. */
async function played(bytes: Buffer): Promise<string> {
  await using connection = await RawConnection.open(stage().daemon.port);
  connection.write(bytes);
  return await connection.closed();
}

/** Refused with one answer at most, none of them a success, and the connection closed. */
async function expectClosed(attack: string, behind = smuggled()): Promise<void> {
  const said = await played(Buffer.concat([Buffer.from(attack, 'latin1'), behind]));
  expect(said).not.toContain(secretText);
  const statuses = [...said.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
  expect(statuses.length, said).toBeLessThanOrEqual(1);
  for (const status of statuses) {
    expect(status, said).toBeGreaterThanOrEqual(400);
    expect(status, said).toBeLessThan(500);
  }
}

const chunked = '5\r\nweeds\r\n0\r\n\r\n';

describe('where a body ends', () => {
  test.for([
    ['length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['chunks and length', ['Transfer-Encoding: chunked', 'Content-Length: 5']],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
    ['the same length twice', ['Content-Length: 5', 'Content-Length: 5']],
    ['a list of lengths', ['Content-Length: 5, 5']],
    ['a length with a sign', ['Content-Length: +5']],
    ['a length in hex', ['Content-Length: 0x5']],
    ['a length with a blank in it', ['Content-Length: 1 5']],
    ['chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['chunked and then another coding', ['Transfer-Encoding: chunked, identity']],
    ['another coding twice around', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity']],
    ['a coding that nearly is chunked', ['Transfer-Encoding: xchunked']],
    ['chunked in quotation marks', ['Transfer-Encoding: "chunked"']],
    ['a coding behind a vertical tab', ['Transfer-Encoding: \x0bchunked']],
    ['a blank before the colon', ['Transfer-Encoding : chunked']],
    ['a length with a blank before the colon', ['Content-Length : 5']],
    ['a folded coding', ['Transfer-Encoding:\r\n chunked']],
    ['a folded length', ['Content-Length: 5\r\n 6']],
    ['a header whose line ends in LF', ['a: b\nTransfer-Encoding: chunked']],
    ['a header whose line ends in CR', ['a: b\rTransfer-Encoding: chunked']],
    ['a zero byte in a header', ['a: b\0', 'Content-Length: 5']],
    ['a line without a colon', ['nothing', 'Content-Length: 5']],
    ['a name that is no token', ['Content Length: 5']],
    ['an empty name', [': 5']],
  ] as const)('%s → refused, closed', async ([, lines]) => {
    await expectClosed(headWith(lines) + chunked);
  });

  test.for([
    ['a size that is no hex', 'g\r\nweeds\r\n0\r\n\r\n'],
    ['a size with a prefix', '0x5\r\nweeds\r\n0\r\n\r\n'],
    ['a negative size', '-5\r\nweeds\r\n0\r\n\r\n'],
    ['a size with a sign', '+5\r\nweeds\r\n0\r\n\r\n'],
    ['a size beyond 64 bits', '10000000000000005\r\nweeds\r\n0\r\n\r\n'],
    ['a size with a blank before it', ' 5\r\nweeds\r\n0\r\n\r\n'],
    ['a size line that ends in LF', '5\nweeds\r\n0\r\n\r\n'],
    ['data longer than its size', '5\r\nweedsweeds\r\n0\r\n\r\n'],
    ['data without its line end', '5\r\nweeds0\r\n\r\n'],
    ['an extension that ends in LF', '5;a=b\nweeds\r\n0\r\n\r\n'],
    ['an extension with a zero byte', '5;a=\0\r\nweeds\r\n0\r\n\r\n'],
    ['an empty size', '\r\nweeds\r\n0\r\n\r\n'],
  ] as const)('chunks with %s → refused, closed', async ([, body]) => {
    await expectClosed(headWith(['Transfer-Encoding: chunked']) + body);
  });

  test('chunks in a request of HTTP/1.0 → not two requests', async () => {
    const said = await played(
      Buffer.concat([
        Buffer.from(headWith(['Transfer-Encoding: chunked'], { version: '1.0', method: 'GET' }) + chunked),
        smuggled(),
      ]),
    );
    expect(said.match(/^HTTP\/1\.1 /gm)?.length ?? 0).toBeLessThanOrEqual(1);
  });

  test('a trailer that names a host, a key or a source → changes nothing; one that names a length → refused', async () => {
    const head = headWith(['Transfer-Encoding: chunked', 'Connection: close'], { method: 'GET' });
    const trailers = `Host: ${treasure}.localhost\r\nAuthorization: x\r\nx-amz-copy-source: /${treasure}/secret\r\n`;
    expect(await played(Buffer.from(`${head}0\r\n${trailers}\r\n`))).toContain('NoSuchKey');
    await expectClosed(`${head}0\r\nContent-Length: 500\r\n\r\n`);
  });
});

describe('the request line', () => {
  const get = (line: string): string => headWith(['connection: close'], { method: 'GET' }).replace(/^[^\r]*/, line);
  test.for([
    ['two blanks', `GET  /${yard}/weeds HTTP/1.1`],
    ['a tab', `GET\t/${yard}/weeds\tHTTP/1.1`],
    ['a blank in the path', `GET /${yard}/we eds HTTP/1.1`],
    ['no version', `GET /${yard}/weeds`],
    ['a version with a blank behind', `GET /${yard}/weeds HTTP/1.1 x`],
    ['version 2', `GET /${yard}/weeds HTTP/2.0`],
    ['a version in lower case', `GET /${yard}/weeds http/1.1`],
    ['a line end in the path', `GET /${yard}/we\reds HTTP/1.1`],
    ['a zero byte in the path', `GET /${yard}/we\0eds HTTP/1.1`],
    ['a blank in front', ` GET /${yard}/weeds HTTP/1.1`],
    ['a method with a line end', `GET\r /${yard}/weeds HTTP/1.1`],
    ['a path that is none', `GET ${yard}/weeds HTTP/1.1`],
    ['a host and port', `GET ${treasure}.localhost:80 HTTP/1.1`],
    ['CONNECT', `CONNECT ${treasure}.localhost:80 HTTP/1.1`],
  ] as const)('%s → refused, closed', async ([, line]) => {
    await expectClosed(get(line), Buffer.alloc(0));
  });

  test('no host, two hosts, a host with a path → refused', async () => {
    const whole = headWith([], { method: 'GET' });
    const ownHost = `host: ${host()}\r\n`;
    expect(whole).toContain(ownHost);
    for (const instead of [
      '',
      `host: ${treasure}.localhost\r\n${ownHost}`,
      `${ownHost}host: ${treasure}.localhost\r\n`,
      `host: ${host()}/${treasure}/secret?\r\n`,
      `host: ${host()}, ${treasure}.localhost\r\n`,
      `host: ${treasure}.localhost#${host()}\r\n`,
    ]) {
      const said = await played(Buffer.from(whole.replace(ownHost, `${instead}connection: close\r\n`)));
      expect(said).not.toContain(secretText);
      expect(said, instead).toMatch(/^HTTP\/1\.1 (400|403|404) /);
    }
  });
});

describe('a connection that others use after', () => {
  test('a body longer than it says → its rest is no request', async () => {
    const head = headWith([`Content-Length: 5`], { method: 'GET' });
    const said = await played(Buffer.concat([Buffer.from(`${head}weeds\r\n`), Buffer.from('\0'), smuggled()]));
    expect(said.match(/^HTTP\/1\.1 /gm)?.length, said).toBe(1);
  });

  test('h2c and websocket upgrades → not taken', async () => {
    for (const protocol of ['h2c', 'websocket']) {
      const lines = ['Connection: Upgrade, HTTP2-Settings', `Upgrade: ${protocol}`, 'HTTP2-Settings: AAMAAABkAAQAAP__'];
      await using connection = await RawConnection.open(stage().daemon.port);
      connection.write(headWith(lines, { method: 'GET' }));
      expect((await connection.next()).status).not.toBe(101);
    }
  });
});
