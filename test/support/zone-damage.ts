/** Every way to damage the files that a zone keeps beside its shards, and what a server must make of each. */
import { readdirSync, statSync } from 'node:fs';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { zoneNames } from './data-folders.ts';
import { SeededRandom } from './seeded-random.ts';
import type { StoredDaemon } from './stored-daemon.ts';

export type Damage = (file: string) => Promise<void>;

export const damages = {
  removed: (file) => rm(file),
  emptied: (file) => truncate(file, 0),
  'cut in half': (file) => truncate(file, Math.floor(statSync(file).size / 2)),
  'short of its last byte': (file) => truncate(file, Math.max(0, statSync(file).size - 1)),
  'full of rubbish': async (file) => writeFile(file, new SeededRandom(1).bytes(statSync(file).size)),
  'longer by rubbish': async (file) => writeFile(file, new SeededRandom(2).bytes(700), { flag: 'a' }),
  'flipped in its first byte': (file) => flip(file, 0),
  'flipped in its middle': (file) => flip(file, Math.floor(statSync(file).size / 2)),
  'flipped in its last byte': (file) => flip(file, statSync(file).size - 1),
} as const satisfies Record<string, Damage>;

async function flip(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  if (bytes.length === 0) return;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at);
  await writeFile(file, bytes);
}

/** Files of a zone's folder but the shards, by their path in it. */
export function zoneFiles(folder: string, zone: string): string[] {
  const found = readdirSync(join(folder, zone), { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile() && !entry.name.endsWith('.shard'));
  return files.map(({ parentPath, name }) => join(parentPath, name).slice(join(folder, zone).length + 1)).sort();
}

/** Names of the errors whose message is printed without a stack, as it says all. */
const explained = /^(ConfigError|DataFolderError|LogQuorumLost|LogDamaged|ForeignLog|ForeignIndex)$/;

/** Damages each file of one zone in turn: the server starts, has everything, and takes writes that last. */
export async function expectZoneIsEnough(pristine: StoredDaemon, zone: string, damage: Damage): Promise<void> {
  for (const file of zoneFiles(pristine.folder, zone)) {
    await using hurt = await pristine.copy();
    await damage(join(hurt.folder, zone, file));
    await hurt.start().catch((error: unknown) => expect.fail(`${file}: ${String(error)}`));
    await hurt.expectRight();
    await hurt.put('new', 1000);
    await hurt.stop();
    await hurt.start();
    await hurt.expectRight();
  }
}

/** Damages each file in all zones at once: the server starts with everything, or says in words why it does not. */
export async function expectAllOrWords(pristine: StoredDaemon, damage: Damage): Promise<void> {
  for (const file of new Set(zoneNames.flatMap((zone) => zoneFiles(pristine.folder, zone)))) {
    await using hurt = await pristine.copy();
    for (const zone of zoneNames) {
      if (zoneFiles(hurt.folder, zone).includes(file)) await damage(join(hurt.folder, zone, file));
    }
    const error: unknown = await hurt.start().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) {
      await hurt.untilServed();
      await hurt.expectRight();
    } else expect(error instanceof Error ? error.name : error, `${file}: ${String(error)}`).toMatch(explained);
  }
}
