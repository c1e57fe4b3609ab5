/** All tables of growth, one after the other. */
import { LoadClient } from '../load/load-client.ts';
import { ScratchFolder } from '../scratch-folder.ts';
import type { GrowthBench, GrowthTable } from './growth-table.ts';
import { byClients, bySize } from './request-tables.ts';
import { byDisks, byKeys } from './store-tables.ts';

const tables: Readonly<Record<string, (bench: GrowthBench) => Promise<GrowthTable>>> = {
  clients: byClients,
  sizes: bySize,
  objects: byKeys,
  disks: byDisks,
};

export const growthNames: readonly string[] = Object.keys(tables);

export interface GrowthOptions {
  /** Names of tables; none for all. */
  readonly only: readonly string[];
  readonly folder: string;
  readonly seconds: number;
}

export async function measureGrowth(
  { only, folder, seconds }: GrowthOptions,
  say: (text: string) => void,
): Promise<readonly GrowthTable[]> {
  using scratch = new ScratchFolder(folder);
  using load = await LoadClient.start();
  const measured: GrowthTable[] = [];
  for (const [name, measure] of Object.entries(tables)) {
    if (only.length > 0 && !only.includes(name)) continue;
    say(`growth with ${name} …`);
    measured.push(await measure({ load, folder: scratch.path, seconds }));
  }
  return measured;
}
