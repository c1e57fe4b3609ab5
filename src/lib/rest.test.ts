import { getHeapStatistics } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { collect, Rest } from './rest.ts';

const mebibyte = 1024 * 1024;

/** A process of which the test says what it does. */
class Process {
  share = 0;
  heldMebibytes = 60;
  collections = 0;
  readonly rest = new Rest({
    busyShare: () => this.share,
    heldBytes: () => this.heldMebibytes * mebibyte,
    collect: async () => {
      this.collections += 1;
      this.heldMebibytes = 30;
    },
  });

  async look(times: number): Promise<void> {
    for (let i = 0; i < times; i++) await this.rest.look();
  }
}

describe('Rest', () => {
  it('collects once it was quiet for some looks in a row, not before', async () => {
    const process = new Process();
    await process.look(3);
    process.share = 0.5;
    await process.look(1);
    process.share = 0.05;
    await process.look(3);
    expect(process.collections).toBe(0);
    await process.look(1);
    expect(process.collections).toBe(1);
  });

  it('collects again only for what came since, and seldom', async () => {
    const process = new Process();
    await process.look(4);
    process.heldMebibytes = 41;
    await process.look(100);
    expect(process.collections).toBe(1);
    process.heldMebibytes = 60;
    await process.look(1);
    process.heldMebibytes = 60;
    await process.look(14);
    expect(process.collections).toBe(2);
    await process.look(1);
    expect(process.collections).toBe(3);
  });

  it('never collects while there is work', async () => {
    const process = new Process();
    process.share = 0.2;
    await process.look(100);
    expect(process.collections).toBe(0);
  });

  it('gives back what the heap took for garbage', async () => {
    const before = getHeapStatistics().total_heap_size;
    let kept = Array.from({ length: 500_000 }, (_, i) => ({ i }));
    const grown = getHeapStatistics().total_heap_size;
    expect(kept.length).toBe(500_000);
    kept = [];
    await collect();
    expect(getHeapStatistics().total_heap_size - before).toBeLessThan((grown - before) / 2);
  });
});
