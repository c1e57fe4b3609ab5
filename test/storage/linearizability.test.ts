/** Concurrent clients on few keys: what they are answered is as if all operations had happened one at a time. */
import { expect, test } from 'vitest';
import { ConcurrentClients } from '../support/concurrent-clients.ts';
import { startDaemon } from '../support/daemon.ts';
import { S3Http } from '../support/s3-http.ts';
import { S3Operations } from '../support/s3-operations.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();

test('16 clients put, get, list, delete and complete, the server killed once → every key has a possible history', async () => {
  await using killed = await startDaemon({ environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
  const clients = new ConcurrentClients(killed, { clients: 16, keys: 6, operations: 400, kills: 1, seed: 20_261_126 });
  expect(await clients.run()).toBeGreaterThan(800);
  expect(clients.impossibleHistory()).toBeUndefined();
});

test('100 racing creations of one key, ten times → one winner each, and its content is read', async () => {
  const http = new S3Http({ port: daemon().port, key: daemon() });
  const s3 = new S3Operations(http);
  const bucket = await daemon().newBucket();
  for (let round = 0; round < 10; round++) {
    const name = { bucket, key: `key ${round}` };
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => s3.put(name, Buffer.from(`content ${i}`), { 'if-none-match': '*' })),
    );
    const winners = answers.flatMap(({ status }, i) => (status === 200 ? [`content ${i}`] : []));
    expect(winners).toHaveLength(1);
    expect(answers.filter(({ code }) => code === 'PreconditionFailed')).toHaveLength(99);
    expect((await s3.get(name)).body.toString()).toBe(winners[0]);
  }
  http.close();
});

test('keys come and go while others list → no acknowledged key is missing, none deleted is shown', async () => {
  const http = new S3Http({ port: daemon().port, key: daemon() });
  const s3 = new S3Operations(http);
  const bucket = await daemon().newBucket();
  /** By key: since which listing it must be shown, or must not be. */
  const must = new Map<string, { isThere: boolean; since: number }>();
  let listing = 0;
  const change = async (worker: number): Promise<void> => {
    for (let n = 0; n < 30; n++) {
      const key = `${worker % 4}/${worker}/${n % 7}`;
      const isThere = must.get(key)?.isThere !== true;
      must.delete(key);
      const { code } = isThere ? await s3.put({ bucket, key }, Buffer.from(key)) : await s3.delete({ bucket, key });
      expect(code).toBe('');
      must.set(key, { isThere, since: listing });
    }
  };
  const list = async (pageSize: number): Promise<void> => {
    for (let n = 0; n < 12; n++) {
      listing += 1;
      const known = [...must].filter(([, { since }]) => since < listing);
      const shown = new Set(await s3.list('objects', { bucket, prefix: '', delimiter: '', pageSize }));
      // A key that was changed meanwhile may be shown or not.
      const unchanged = known.filter(([key, before]) => must.get(key) === before);
      for (const [key, { isThere }] of unchanged)
        expect({ key, isShown: shown.has(key) }).toEqual({ key, isShown: isThere });
    }
  };
  await Promise.all([...Array.from({ length: 24 }, (_, i) => change(i)), list(1000), list(10), list(3)]);
  http.close();
});
