/** The blob store without server and index: waves of small blobs, and a large one in and out. */
import { closeSync, createReadStream, fdatasync, mkdtempSync, openSync, rmSync, write } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErasureBlobStore, openBlobStore } from '../../src/blob/store.ts';
import type { Kernel, KernelParts, Loop } from './kernel.ts';

const chunk = Buffer.alloc(64 * 1024, 'bench');
const label = Buffer.from('bench');
const largeBytes = 64 * 1024 * 1024;

interface OpenStore extends Required<Pick<KernelParts, 'close'>> {
  readonly store: ErasureBlobStore;
  readonly folder: string;
}

async function openStore(parent: string): Promise<OpenStore> {
  const folder = mkdtempSync(join(parent, 'store-'));
  const zones = ['a', 'b', 'c'].map((name) => ({ name, disks: [1, 2, 3].map((n) => join(folder, name, `disk-${n}`)) }));
  const store = await openBlobStore({ zones, clusterId: '00'.repeat(16) });
  return {
    store,
    folder,
    async close() {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function waveLoop(store: ErasureBlobStore, blobs: number): Loop {
  return async (times) => {
    for (let i = 0; i < times; i++) {
      const refs = Array.from({ length: blobs }, () => store.place(chunk.subarray(0, 4096), label));
      await store.flush();
      for (const ref of refs) store.release(ref);
    }
  };
}

/** Nine appends of so many bytes at once, each synced. */
function bareWave(folder: string, bytes: number): { readonly run: Loop; close(): void } {
  const files = Array.from({ length: 9 }, (_, i) => openSync(join(folder, `wave-${i}`), 'a'));
  const piece = Buffer.alloc(bytes, 1);
  const append = (file: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = (error: Error | null): void => (error ? reject(error) : resolve());
      write(file, piece, 0, bytes, null, (error) => (error ? reject(error) : fdatasync(file, done)));
    });
  return {
    async run(times) {
      for (let i = 0; i < times; i++) await Promise.all(files.map(append));
    },
    close() {
      for (const file of files) closeSync(file);
    },
  };
}

function waveKernel(blobs: number): Kernel {
  return {
    name: `store-wave-${blobs}`,
    title: `${blobs} × 4 KiB made durable by the store`,
    limitIs: 'nine appends, each synced',
    async open({ folder }) {
      const { store, folder: own, close } = await openStore(folder);
      const bare = bareWave(own, Math.ceil((blobs * 4096) / 6));
      return {
        run: waveLoop(store, blobs),
        limit: bare.run,
        async close() {
          bare.close();
          await close();
        },
      };
    },
  };
}

async function* largeBody(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < largeBytes; at += chunk.length) yield chunk;
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  let bytes = 0;
  for await (const piece of source) bytes += piece.length;
  if (bytes !== largeBytes) throw new Error(`${bytes} bytes were read`);
}

const writeKernel: Kernel = {
  name: 'store-write',
  title: '64 MiB into nine shards, synced',
  limitIs: 'one file, synced',
  bytes: largeBytes,
  async open({ folder }) {
    const { store, folder: own, close } = await openStore(folder);
    return {
      async run(times) {
        for (let i = 0; i < times; i++) store.release(await store.write(largeBody(), async () => label));
      },
      async limit(times) {
        for (let i = 0; i < times; i++) await writeFile(join(own, 'plain'), largeBody(), { flush: true });
      },
      close,
    };
  },
};

const readKernel: Kernel = {
  name: 'store-read',
  title: '64 MiB read from shards and verified',
  limitIs: 'one file',
  bytes: largeBytes,
  async open({ folder }) {
    const { store, folder: own, close } = await openStore(folder);
    const ref = await store.write(largeBody(), async () => label);
    const plain = join(own, 'plain');
    await writeFile(plain, largeBody());
    return {
      async run(times) {
        for (let i = 0; i < times; i++) await drain(store.read(ref, { start: 0, end: largeBytes }));
      },
      async limit(times) {
        for (let i = 0; i < times; i++) await drain(createReadStream(plain, { highWaterMark: 256 * 1024 }));
      },
      async close() {
        store.release(ref);
        await close();
      },
    };
  },
};

export const storeKernels: readonly Kernel[] = [waveKernel(1), waveKernel(32), writeKernel, readKernel];
