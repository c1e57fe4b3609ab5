/** Many slow uploads beside a quick one: the server has room for it. */
import { expect, test } from 'vitest';
import { RawConnection } from '../support/raw-connection.ts';
import { wireBytes } from '../support/raw-http.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const { sign, send } = signedRequests(daemon);

test.for([
  ['50 large ones that trickle', 50, 100_000_000, 'x'.repeat(1000)],
  ['80 small ones that were announced and held back', 80, 1_000_000, ''],
] as const)('%s → large and small uploads of others are taken', async ([, count, length, first]) => {
  const bucket = await daemon().newBucket();
  const slow = await Promise.all(Array.from({ length: count }, () => RawConnection.open(daemon().port)));
  for (const [i, connection] of slow.entries()) {
    const head = sign({ method: 'PUT', path: `/${bucket}/slow-${i}`, payload: 'UNSIGNED-PAYLOAD' });
    connection.write(wireBytes(head, '', [`content-length: ${length}`]));
    if (first !== '') connection.write(first);
  }
  // Each has been taken in once a later request is answered.
  await send({ method: 'HEAD', path: `/${bucket}` });
  const timer = setInterval(() => {
    for (const connection of slow) if (first !== '') connection.write('x');
  }, 50);
  try {
    for (const size of [1000, 1_000_000, 8_000_000]) {
      const body = Buffer.alloc(size, 'fast');
      const put = await send({ method: 'PUT', path: `/${bucket}/fast-${size}`, body, payload: 'UNSIGNED-PAYLOAD' });
      expect(put.status, put.body).toBe(200);
      expect((await send({ method: 'HEAD', path: `/${bucket}/fast-${size}` })).headers.get('content-length')).toBe(
        `${size}`,
      );
    }
  } finally {
    clearInterval(timer);
    for (const connection of slow) await connection[Symbol.asyncDispose]();
  }
});
