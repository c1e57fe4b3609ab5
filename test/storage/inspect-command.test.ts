/** `ninefold inspect FILE` on shard files of format 1: condition → output. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const name = 'c20f66cb46be3aa566702b32200669b3.0.shard';
const golden = gunzipSync(readFileSync(new URL(`golden/version-1/${name}.gz`, import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'ninefold-inspect-'));
afterAll(() => rmSync(folder, { recursive: true }));

function inspect(bytes: Uint8Array): { status: number | null; lines: string[] } {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  const { status, stdout } = spawnSync(process.execPath, [main, 'inspect', file], { encoding: 'utf8' });
  return { status, lines: stdout.trim().split('\n') };
}

test('a whole shard file → a line for every stripe, from its first byte to its last, exit 0', () => {
  const { status, lines } = inspect(golden);
  expect(status).toBe(0);
  const regions = lines.map((line) => JSON.parse(line));
  expect(regions.every(({ kind, badBlocks }) => kind === 'stripe' && badBlocks.length === 0)).toBe(true);
  expect(regions.reduce((sum, { length }) => sum + length, 0)).toBe(golden.length);
});

test('a flipped bit in a block → the stripe names the block, exit 1', () => {
  const damaged = Buffer.from(golden);
  damaged.writeUInt8(damaged.readUInt8(128) ^ 1, 128);
  const { status, lines } = inspect(damaged);
  expect(status).toBe(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ kind: 'stripe', offset: 0, badBlocks: [0] });
});
