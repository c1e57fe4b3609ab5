import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene } from '../scene.ts';
import { prepareStore, put } from './actions.ts';

const options = { logFileSizeMaxBytes: 1500 };

export const damagedLogs: Scene = {
  name: 'damaged-logs',
  story:
    'A server starts on a store in which one zone has lost its log and another the end of it, and the index database with ' +
    'it. The logs are refilled from the third zone, and the index made anew. An object is put.',
  options,
  triesStart: true,
  async prepare() {
    await prepareStore(options, async (system) => {
      for (const key of ['a', 'b', 'c', 'd']) await put(system, key, { seed: key, size: 1000 });
    });
    rmSync('data/zone-b/log', { recursive: true });
    rmSync('data/zone-a/index', { recursive: true });
    const [last = ''] = readdirSync('data/zone-a/log')
      .filter((name) => name.endsWith('.log'))
      .sort()
      .reverse();
    const path = join('data/zone-a/log', last);
    truncateSync(path, statSync(path).size - 300);
  },
  async play(stage) {
    await stage.step(() => put(stage, 'a', { seed: 'another', size: 500 }));
  },
};
