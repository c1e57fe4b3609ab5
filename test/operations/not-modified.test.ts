/** 304 carries headers as they were stored. */
import { expect, test } from 'vitest';
import { sendRaw, wireBytes } from '../support/raw-http.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const { send, sign } = signedRequests(daemon);

test('Cache-Control beyond ASCII, If-None-Match → 304 with the bytes that were stored', async () => {
  const path = `/${await daemon().newBucket()}/key`;
  const control = Buffer.from('private="中"', 'utf8').toString('latin1');
  const put = wireBytes(sign({ method: 'PUT', path, body: 'x' }), 'x', [
    'content-length: 1',
    `cache-control: ${control}`,
  ]);
  expect((await sendRaw(put, { port: daemon().port })).status).toBe(200);
  const answer = await send({ method: 'GET', path, headers: { 'if-none-match': '*' } });
  expect(answer.status).toBe(304);
  expect(answer.headers.get('cache-control')).toBe(control);
});
