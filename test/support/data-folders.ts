/** Zone and disk folders of a test server's data folder, moved away and put back while it serves. */
import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

export const zoneNames = ['zone-a', 'zone-b', 'zone-c'] as const;
/** `zone-a/disk-1` and so on: the nine disks of the default configuration. */
export const diskNames: readonly string[] = zoneNames.flatMap((zone) =>
  ['disk-1', 'disk-2', 'disk-3'].map((disk) => `${zone}/${disk}`),
);

export class DataFolders {
  readonly #data: string;
  readonly #away = new Set<string>();

  constructor(dataDirectory: string) {
    this.#data = dataDirectory;
  }

  /** Moves folders away, all at once. Files that are open stay usable for whoever has them open. */
  async lose(names: readonly string[]): Promise<void> {
    await mkdir(join(this.#data, 'away'), { recursive: true });
    for (const name of names) this.#away.add(name);
    await Promise.all(names.map((name) => rename(join(this.#data, name), this.#hidden(name))));
  }

  /** Puts all of them back. Throws if something else has taken their place. */
  async giveBack(): Promise<void> {
    const names = [...this.#away];
    this.#away.clear();
    await Promise.all(names.map((name) => rename(this.#hidden(name), join(this.#data, name))));
  }

  /** Bytes of the shard files on each disk. */
  async shardBytes(): Promise<number[]> {
    return await Promise.all(
      diskNames.map(async (disk) => {
        const folder = join(this.#data, disk, 'segments');
        const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
        return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
      }),
    );
  }

  #hidden(name: string): string {
    return join(this.#data, 'away', name.replace('/', '-'));
  }
}
