/** How long a start takes with 1,000,000 objects, and with none. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { byTurns } from '../by-turns.ts';
import { ServerProcess } from '../server/server-process.ts';
import type { Work } from '../work.ts';
import { makeMillionKeys } from './million-keys.ts';

const starts = 5;

export const startUpWork: Work = {
  names: ['start-up'],
  ownServerBecause: 'a server of our own must be started',
  async run({ folder, load }) {
    const parent = join(folder, 'start-up');
    const [empty, full] = [join(parent, 'empty'), join(parent, 'full')];
    for (const data of [empty, full]) mkdirSync(data, { recursive: true });
    try {
      // What a first start makes is there in both.
      await startsPerSecond(empty);
      await makeMillionKeys(load, { dataFolder: full, buckets: [] });
      const { measured, limit, ratio } = await byTurns(starts, {
        measure: () => startsPerSecond(full),
        measureLimit: () => startsPerSecond(empty),
      });
      return [
        {
          name: 'start-up',
          title: 'Start with 1,000,000 objects',
          measured: { value: 1000 / measured, unit: 'ms' },
          limit: { value: 1000 / limit, unit: 'ms', what: 'start with none' },
          ratio: 1 / ratio,
          aim: { ratio: 1.5, isMost: true },
        },
      ];
    } finally {
      rmSync(parent, { recursive: true });
    }
  },
};

/** From the spawn of the process until it serves. */
async function startsPerSecond(dataFolder: string): Promise<number> {
  const startMs = performance.now();
  await using _server = await ServerProcess.start({ dataFolder, buckets: [], isInspected: false });
  return 1000 / (performance.now() - startMs);
}
