import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { poster } from './poster.ts';

/** A server, and on how many connections it was asked. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  const served = {
    connections: 0,
    url: '',
    [Symbol.asyncDispose]: async () => void server.close().closeAllConnections(),
  };
  server.on('connection', () => served.connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return served;
}

const { signal } = new AbortController();
const posted = { headers: {}, body: 'text', timeoutMs: 10_000, signal };

test('two in a row → on one connection; where that is closed meanwhile, on another one', async () => {
  let asked = 0;
  await using server = await serve(({ socket }, response) => {
    asked++;
    if (asked === 3) socket.destroy();
    else response.end(String(asked));
  });
  const post = poster();
  const texts: string[] = [];
  for (let n = 0; n < 3; n++) texts.push((await post({ ...posted, url: server.url })).text);
  expect(texts).toEqual(['1', '2', '4']);
  expect(server.connections).toBe(2);
});

test('a redirect → no success, and not followed', async () => {
  await using server = await serve((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
  expect(await poster()({ ...posted, url: server.url })).toMatchObject({ ok: false, status: 302 });
  expect(server.connections).toBe(1);
});

test('no answer, or none that ends → rejects in time', async () => {
  await using silent = await serve(() => {});
  await using endless = await serve((_, response) => void response.write('x'));
  for (const { url } of [silent, endless]) {
    await expect(poster()({ ...posted, url, timeoutMs: 50 })).rejects.toThrow();
  }
});

test('given up while an answer comes → rejects with why, at once, and is not asked for again', async () => {
  await using endless = await serve((_, response) => void response.write('x'));
  const abort = new AbortController();
  const post = poster();
  const waiting = post({ ...posted, url: endless.url, signal: abort.signal });
  setImmediate(() => abort.abort(new Error('the server stops')));
  await expect(waiting).rejects.toThrow('the server stops');
  await expect(post({ ...posted, url: endless.url, signal: abort.signal })).rejects.toThrow('the server stops');
  expect(endless.connections).toBeLessThanOrEqual(1);
});

test('an answer that breaks off, or has no end of bytes → rejects', async () => {
  await using broken = await serve(({ socket }, response) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('x', () => socket.destroy());
  });
  await using large = await serve((_, response) => response.end(Buffer.alloc(5 * 1024 * 1024)));
  await expect(poster()({ ...posted, url: broken.url })).rejects.toThrow();
  await expect(poster()({ ...posted, url: large.url })).rejects.toThrow('an answer of more than');
});
