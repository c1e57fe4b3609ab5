/**
 * `npm run bench`: how fast the parts are that every request stands on, each beside the limit of this machine that it is
 * measured against. Figures of one run may be compared with one another; machines and days differ.
 */
import { closeSync, createReadStream, fdatasync, mkdtempSync, openSync, rmSync, write } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CODER_RESERVED_BYTES, createCoder, createCoderMemory } from '../src/blob/coding/coder.ts';
import { SCHEMES } from '../src/blob/scheme.ts';
import { type ErasureBlobStore, openBlobStore } from '../src/blob/store.ts';
import { sizeThreadPool } from '../src/config.ts';
import type { ChecksumAlgorithm } from '../src/lib/digests/algorithms.ts';
import { digest, openDigester } from '../src/lib/digests/digester.ts';

const mebibyte = 1024 * 1024;
const unit = 256 * 1024;
const chunk = Buffer.alloc(64 * 1024, 'bench');

interface Figure {
  readonly work: string;
  readonly figure: string;
  readonly limit: string;
  readonly ratio: string;
}

/** Seconds that `run` takes, the best of three. */
async function time(run: () => void | Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    await run();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return best;
}

function speed(work: string, bytes: number, times: { seconds: number; limitSeconds: number; limit: string }): Figure {
  const rate = (seconds: number) => `${Math.round(bytes / mebibyte / seconds)} MiB/s`;
  const ratio = (times.limitSeconds / times.seconds).toFixed(2);
  return { work, figure: rate(times.seconds), limit: `${rate(times.limitSeconds)} ${times.limit}`, ratio };
}

async function coding(): Promise<Figure> {
  const rounds = 400;
  const memory = createCoderMemory(CODER_RESERVED_BYTES + 9 * unit);
  const coder = createCoder(memory);
  const span = { input: CODER_RESERVED_BYTES, output: CODER_RESERVED_BYTES + 6 * unit, length: unit };
  const seconds = await time(() => {
    for (let i = 0; i < rounds; i++) coder.encode(SCHEMES['6+3'], span);
  });
  const source = Buffer.alloc(6 * unit, 1);
  const target = Buffer.alloc(6 * unit);
  const limitSeconds = await time(() => {
    for (let i = 0; i < rounds; i++) source.copy(target);
  });
  return speed(`parity of 6+3 (${coder.kind})`, rounds * 6 * unit, { seconds, limitSeconds, limit: 'memcpy' });
}

async function digests(): Promise<Figure> {
  const bytes = 128 * mebibyte;
  const block = Buffer.alloc(mebibyte, 2);
  const both = new Set<ChecksumAlgorithm>(['MD5', 'CRC64NVME']);
  const md5 = new Set<ChecksumAlgorithm>(['MD5']);
  const run = async (algorithms: ReadonlySet<ChecksumAlgorithm>) => {
    const digester = openDigester(algorithms, bytes);
    for (let i = 0; i < bytes; i += block.length) await digester.update(block);
    await digester.finish();
  };
  await digest(both, block);
  const seconds = await time(() => run(both));
  const limitSeconds = await time(() => run(md5));
  return speed('MD5 and CRC64NVME of a large body', bytes, { seconds, limitSeconds, limit: 'MD5 alone' });
}

/** Nine small appends, each synced, at once: what a wave cannot do without. */
async function bareWave(folder: string, count: number): Promise<number> {
  const files = Array.from({ length: 9 }, (_, i) => openSync(join(folder, `wave-${i}`), 'a'));
  const seconds = await time(async () => {
    for (let i = 0; i < count; i++) {
      await Promise.all(
        files.map(async (file) => {
          await promisify(write)(file, chunk, 0, 1024);
          await promisify(fdatasync)(file);
        }),
      );
    }
  });
  for (const file of files) closeSync(file);
  return seconds / count;
}

async function waves(store: ErasureBlobStore, folder: string): Promise<Figure[]> {
  const count = 50;
  const limitSeconds = await bareWave(folder, count);
  const figures: Figure[] = [];
  for (const blobs of [1, 32]) {
    const seconds =
      (await time(async () => {
        for (let i = 0; i < count; i++) {
          const refs = Array.from({ length: blobs }, () => store.place(chunk.subarray(0, 4096), Buffer.from('bench')));
          await store.flush();
          for (const ref of refs) store.release(ref);
        }
      })) / count;
    const figure = `${(seconds * 1000).toFixed(2)} ms`;
    const limit = `${(limitSeconds * 1000).toFixed(2)} ms nine appends and syncs`;
    figures.push({ work: `${blobs} × 4 KiB made durable`, figure, limit, ratio: (limitSeconds / seconds).toFixed(2) });
  }
  return figures;
}

async function stream(store: ErasureBlobStore, folder: string): Promise<Figure[]> {
  const size = 128 * mebibyte;
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < size; i += chunk.length) yield chunk;
  }
  const put = async () => store.write(source(), async () => Buffer.from('bench'));
  const ref = await put();
  const seconds = await time(async () => store.release(await put()));
  const readSeconds = await time(async () => {
    for await (const bytes of store.read(ref, { start: 0, end: size }))
      if (bytes.length === 0) throw new Error('empty');
  });
  store.release(ref);
  const plain = join(folder, 'plain');
  const putLimit = await time(async () => writeFile(plain, source(), { flush: true }));
  const readLimit = await time(async () => {
    for await (const bytes of createReadStream(plain, { highWaterMark: unit }))
      if (bytes.length === 0) throw new Error('empty');
  });
  return [
    speed('128 MiB into nine shards, synced', size, { seconds, limitSeconds: putLimit, limit: 'one file, synced' }),
    speed('128 MiB read and verified', size, { seconds: readSeconds, limitSeconds: readLimit, limit: 'one file' }),
  ];
}

function show(figures: readonly Figure[]): string {
  const rows = [
    ['work', 'figure', 'limit', 'ratio'],
    ...figures.map((row) => [row.work, row.figure, row.limit, row.ratio]),
  ];
  return rows.map(([work = '', ...rest]) => work.padEnd(36) + rest.map((cell) => cell.padEnd(32)).join('')).join('\n');
}

sizeThreadPool(16);
const folder = mkdtempSync(join(tmpdir(), 'ninefold-bench-'));
const zones = ['a', 'b', 'c'].map((name) => ({ name, disks: [1, 2, 3].map((n) => join(folder, name, `disk-${n}`)) }));
const store = await openBlobStore({ zones, clusterId: '00'.repeat(16) });
try {
  const kernels = [await coding(), await digests()];
  process.stdout.write(`${show([...kernels, ...(await waves(store, folder)), ...(await stream(store, folder))])}\n`);
} finally {
  await store.close();
  rmSync(folder, { recursive: true });
}
