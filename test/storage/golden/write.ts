/**
 * Writes golden files of the shard format: `node test/storage/golden/write.ts FOLDER`. Run once for each version of the
 * format; what is committed is never written again.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openBlobStore } from '../../../src/blob/store.ts';
import { goldenBytes } from './content.ts';

const target = process.argv[2];
if (target === undefined) throw new Error('say into which folder');
await mkdir(target, { recursive: true });
const root = await mkdtemp(join(tmpdir(), 'ninefold-golden-'));
const zones = [0, 1, 2].map((zone) => ({
  name: `zone-${zone}`,
  disks: [0, 1, 2].map((disk) => join(root, `${zone}-${disk}`)),
}));
const store = await openBlobStore({ zones, clusterId: '01'.repeat(16) });

const small = [5, 4096, 500_000].map((length) => store.place(goldenBytes(length), Buffer.from(`small ${length}`)));
await store.flush();
const largeBytes = goldenBytes(2 * 1024 * 1024);
const large = await store.write(
  (async function* () {
    yield largeBytes;
  })(),
  async () => Buffer.from('large'),
);
await writeFile(join(target, 'refs.json'), `${JSON.stringify([...small, large], null, 2)}\n`);
await store.close();
for (const disk of zones.flatMap((zone) => zone.disks)) {
  for (const name of await readdir(join(disk, 'segments'))) {
    await writeFile(join(target, `${name}.gz`), gzipSync(await readFile(join(disk, 'segments', name)), { level: 9 }));
  }
}
await rm(root, { recursive: true });
