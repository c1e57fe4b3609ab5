/** A generated tree of thousands of files that looks like someone's own: words, spaces, accents, deep folders. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { seededBytes } from './seeded-bytes.ts';
import { SeededRandom } from './seeded-random.ts';

const kibibyte = 1024;
const words = [
  'report',
  'Photos of 2024',
  'naïve café',
  'données',
  'Übersicht',
  'проект',
  '資料',
  'a+b=c',
  '100%',
  'src',
  'node',
  'le été',
  "it's",
  '.hidden',
  '🗂 archive',
  'x & y',
];
const endings = ['.txt', '.jpg', '.tar.gz', '', '.d.ts', ' (copy).md', '.JPEG'];
const largeSizes = [1, 2, 3, 5, 7, 20].map((mebibytes) => mebibytes * kibibyte * kibibyte + 13);

/** Paths and sizes of a tree: `count` files from empty to 200 KiB, small ones the most, and six of some MiB. */
export function planLargeTree(seed: number, count: number): { path: string; size: number }[] {
  const random = new SeededRandom(seed);
  const folders = [''];
  for (let i = 0; i < count / 12; i++) {
    const parent = random.pick(folders);
    const isDeep = parent.split('/').length > 12;
    folders.push(`${isDeep ? '' : parent}${random.pick(words)} ${i}/`);
  }
  const files = Array.from({ length: count }, (_, i) => {
    const path = `${random.pick(folders)}${random.pick(words)} ${i}${random.pick(endings)}`;
    return { path, size: drawSize(random) };
  });
  return [...files, ...largeSizes.map((size, i) => ({ path: `large/file ${i}.bin`, size }))];
}

export function writeLargeTree(folder: string, files: readonly { path: string; size: number }[]): void {
  for (const { path, size } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), seededBytes(path, size));
  }
}

/** Every magnitude from one byte to 200 KiB as often as any other, and one in twenty empty. */
function drawSize(random: SeededRandom): number {
  if (random.below(20) === 0) return 0;
  const magnitude = random.below(1000) / 1000;
  return Math.floor((200 * kibibyte) ** magnitude);
}
