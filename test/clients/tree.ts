/** A folder of files with names that break clients and servers, and the comparison of two folders. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { seededBytes } from '../support/seeded-bytes.ts';

const mebibyte = 1024 * 1024;

/** Names that any file system takes and that need care in URLs, XML and shells. */
export const oddNames: readonly string[] = [
  'plain.txt',
  'with space.txt',
  ' leading and trailing ',
  'plus+sign.txt',
  'percent%20not-encoded.txt',
  'percent%',
  'ampersand&semicolon;.txt',
  'question?mark=1#hash.txt',
  'quote\'double".txt',
  'angle<tag>.xml',
  'at@colon:dollar$comma,.txt',
  'bracket[1]{2}(3)!~*.txt',
  'back\\slash.txt',
  'ünïcödé/ключ/鍵/🔑.txt',
  '.hidden/.file',
  'deep/er/and/deep/er/still/a',
  'empty',
];

/** Writes the tree: every odd name, and one file large enough for clients to cut it into parts. */
export async function writeTree(folder: string): Promise<void> {
  for (const [i, name] of oddNames.entries()) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeOldFile(join(folder, name), name === 'empty' ? '' : `${name}\n`.repeat(i * 10 + 1));
  }
  await writeOldFile(join(folder, 'large.bin'), seededBytes('large', 9 * mebibyte));
}

/** S3 tells times in whole seconds: a file of this very second would look newer than its own upload. */
async function writeOldFile(path: string, content: string | Buffer): Promise<void> {
  await writeFile(path, content);
  await utimes(path, 1e9, 1e9);
}

/** Every file under a folder with the hash of its bytes, by its path. */
export async function readTree(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const hash = createHash('sha256').update(await readFile(path));
    files.set(relative(folder, path), hash.digest('hex'));
  }
  return files;
}
