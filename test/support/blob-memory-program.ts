/**
 * Writes and reads blobs in a process that does nothing else, and prints by how many MiB it has grown meanwhile. Its
 * argument is the zones of the store, as JSON; it needs `--expose-gc`.
 */
import { z } from 'zod';
import { openBlobStore } from '../../src/blob/store.ts';
import { seededBytes } from './seeded-bytes.ts';

const mebibyte = 1024 * 1024;
const piece = seededBytes(1, 64 * 1024);
/** What is written and read at once, and how often before it is measured and meanwhile. */
const [passMebibytes, passesBefore, passes] = [30, 2, 10];

const zones = z
  .array(z.object({ name: z.string(), disks: z.array(z.string()) }))
  .parse(JSON.parse(process.argv[2] ?? ''));
const quiet = { diskCheckIntervalMs: 0, encoderThreadCount: 0, stripeBufferCount: 4 };
const store = await openBlobStore({ zones, clusterId: 'c1'.repeat(16), ...quiet });

async function* source(): AsyncGenerator<Uint8Array> {
  for (let given = 0; given < passMebibytes * mebibyte; given += piece.length) yield piece;
}

/** What is still held once a pass is over, without what is only not collected yet. */
async function residentAfterPass(): Promise<number> {
  const ref = await store.write(source(), async () => Buffer.from('x'));
  for await (const _ of store.read(ref, { start: 0, end: ref.size }));
  store.release(ref);
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

let before = 0;
for (let i = 0; i < passesBefore; i++) before = await residentAfterPass();
let most = 0;
for (let i = 0; i < passes; i++) most = Math.max(most, await residentAfterPass());
await store.close();
console.log(JSON.stringify({ grownMebibytes: (most - before) / mebibyte }));
