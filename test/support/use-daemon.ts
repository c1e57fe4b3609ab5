/** One real server for all tests of a file. */
import { afterAll, beforeAll } from 'vitest';
import { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';

/**
 * Starts before the tests of the file that calls this at its top and stops after them. It runs in the process that runs
 * other files' servers too, unless it is said to need one of its own.
 *
 *     const daemon = useDaemon();
 *     test('…', async () => { await daemon().newBucket(); });
 */
export function useDaemon(options: DaemonOptions = {}): () => Daemon {
  let daemon: Daemon | undefined;
  beforeAll(async () => {
    daemon = await startDaemon({ isHosted: options.args === undefined, ...options });
  });
  afterAll(async () => {
    await daemon?.stop();
  });
  return () => {
    if (daemon === undefined) throw new Error('the server runs during tests only');
    return daemon;
  };
}
