/** As linearizability.test.ts, with more clients, keys and kills. */
import { expect, test } from 'vitest';
import { ConcurrentClients } from '../support/concurrent-clients.ts';
import { startDaemon } from '../support/daemon.ts';
import { testSeed } from '../support/seeded-random.ts';

const seed = testSeed(1);

test('32 clients, the server killed eight times → every key has a possible history', async () => {
  await using daemon = await startDaemon({ environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
  const clients = new ConcurrentClients(daemon, { clients: 32, keys: 8, operations: 800, kills: 8, seed });
  console.log(`NINEFOLD_TEST_SEED=${seed}`);
  expect(await clients.run()).toBeGreaterThan(7000);
  expect(clients.impossibleHistory()).toBeUndefined();
});
