/** One real server for all tests of a file. */
import { afterAll, beforeAll } from 'vitest';
import { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';

/**
 * Starts before the tests of the file that calls this at its top and stops after them.
 *
 *     const daemon = useDaemon();
 *     test('…', async () => { await daemon().newBucket(); });
 */
export function useDaemon(options: DaemonOptions = {}): () => Daemon {
  let daemon: Daemon | undefined;
  beforeAll(async () => {
    daemon = await startDaemon(options);
  });
  afterAll(async () => {
    await daemon?.stop();
  });
  return () => {
    if (daemon === undefined) throw new Error('the server runs during tests only');
    return daemon;
  };
}
