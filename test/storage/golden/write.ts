/**
 * Writes golden files of the shard format: `node test/storage/golden/write.ts FOLDER SCHEME`. Run once for each version
 * of the format and each scheme; what is committed is never written again.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ALL_SCHEMES, findScheme } from '../../../src/blob/scheme.ts';
import { openBlobStore } from '../../../src/blob/store.ts';
import { goldenBytes, goldenSizes } from './content.ts';

const [target, schemeName = ''] = process.argv.slice(2);
if (target === undefined) throw new Error('say into which folder');
const scheme = findScheme(schemeName)?.name;
if (scheme === undefined) throw new Error(`say in which scheme: ${ALL_SCHEMES.map(({ name }) => name).join(', ')}`);
await mkdir(target, { recursive: true });
const root = await mkdtemp(join(tmpdir(), 'ninefold-golden-'));
const zones = [0, 1, 2].map((zone) => ({
  name: `zone-${zone}`,
  disks: [0, 1, 2].map((disk) => join(root, `${zone}-${disk}`)),
}));
const store = await openBlobStore({ zones, clusterId: '01'.repeat(16) });

const sizes = goldenSizes[scheme];
const small = sizes.packed.map((length) =>
  store.place(goldenBytes(length), Buffer.from(`small ${length}`), { scheme }),
);
await store.flush();
const largeBytes = goldenBytes(sizes.streamed);
const large = await store.write(
  (async function* () {
    yield largeBytes;
  })(),
  async () => Buffer.from('large'),
  { scheme },
);
await writeFile(join(target, 'refs.json'), `${JSON.stringify([...small, large], null, 2)}\n`);
await store.close();
for (const disk of zones.flatMap((zone) => zone.disks)) {
  for (const name of await readdir(join(disk, 'segments'))) {
    await writeFile(join(target, `${name}.gz`), gzipSync(await readFile(join(disk, 'segments', name)), { level: 9 }));
  }
}
await rm(root, { recursive: true });
