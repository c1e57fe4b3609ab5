/** Micro-benchmarks: a piece of the server's own code in a loop, by turns with the least that could do its work. */
import { byTurns } from '../by-turns.ts';
import type { Aim, Figure } from '../report/figure.ts';
import type { Bench, Work } from '../work.ts';

const turns = 7;
const sliceMs = 50;

export type Loop = (times: number) => void | Promise<void>;

/** What is measured, made when its turn comes. */
export interface KernelParts {
  readonly run: Loop;
  readonly limit: Loop;
  close?(): void | Promise<void>;
}

export interface Kernel {
  readonly name: string;
  readonly title: string;
  /** What `limit` is. */
  readonly limitIs: string;
  /** Bytes that one round goes through; without it the figure is the time that a round takes. */
  readonly bytes?: number;
  readonly aim?: Aim;
  open(bench: Bench): KernelParts | Promise<KernelParts>;
}

export function kernelWork(kernel: Kernel): Work {
  return { names: [kernel.name], run: async (bench) => [await measure(kernel, await kernel.open(bench))] };
}

async function measure(kernel: Kernel, parts: KernelParts): Promise<Figure> {
  const { name, title, limitIs, aim } = kernel;
  try {
    const measureRun = await meterOf(parts.run);
    const measureLimit = await meterOf(parts.limit);
    const { measured, limit, ratio } = await byTurns(turns, { measure: measureRun, measureLimit });
    return {
      name,
      title,
      measured: quantityOf(kernel, measured),
      limit: { ...quantityOf(kernel, limit), what: limitIs },
      ratio,
      ...(aim !== undefined && { aim }),
    };
  } finally {
    await parts.close?.();
  }
}

/** Rounds a second, of as many rounds as take a slice; finding out how many compiles them too. */
async function meterOf(loop: Loop): Promise<() => Promise<number>> {
  const timeMs = async (times: number): Promise<number> => {
    const startMs = performance.now();
    await loop(times);
    return performance.now() - startMs;
  };
  let times = 1;
  while ((await timeMs(times)) < sliceMs) times *= 2;
  return async () => (times * 1000) / (await timeMs(times));
}

function quantityOf({ bytes }: Kernel, roundsPerSecond: number): Figure['measured'] {
  if (bytes !== undefined) return { value: (bytes * roundsPerSecond) / (1024 * 1024), unit: 'MiB/s' };
  const us = 1e6 / roundsPerSecond;
  return us < 1000 ? { value: us, unit: 'µs' } : { value: us / 1000, unit: 'ms' };
}
