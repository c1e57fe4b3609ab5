/** Limits of the machine, as they are measured beside the works over HTTP. */
import { GroupCommitLoop } from '../limits/group-commit-loop.ts';
import { md5Speed } from '../limits/md5.ts';
import type { RequestSet } from '../load/messages.ts';
import type { Bench, Meter, Site } from '../work.ts';
import { speedOf } from './load-work.ts';

export async function md5Meter(): Promise<Meter> {
  return { what: 'MD5 of one core', unit: 'MiB/s', measure: async (seconds) => md5Speed(Math.min(seconds, 0.5)) };
}

/** node:http with a constant of 4 KiB, asked the same requests by the same client. */
export async function constantMeter(bench: Bench, { set, connections }: Load): Promise<Meter> {
  const prepared = await bench.load.prepare(await bench.nodeHttp('constant'), set);
  return {
    what: 'node:http, a constant 4 KiB',
    unit: 'per s',
    measure: async (seconds) =>
      speedOf(await prepared.run({ connections, seconds }), { unit: 'per s', requestBytes: 0 }),
  };
}

/** node:http with a plain file of the object's size. */
export async function fileMeter(bench: Bench, { set, connections, bytes }: Load & { bytes: number }): Promise<Meter> {
  const prepared = await bench.load.prepare(await bench.nodeHttp(bytes), set);
  return {
    what: 'node:http, a plain file',
    unit: 'MiB/s',
    measure: async (seconds) =>
      speedOf(await prepared.run({ connections, seconds }), { unit: 'MiB/s', requestBytes: bytes }),
  };
}

/** The bare group-commit loop, in batches of as many objects as there are clients. */
export async function groupCommitMeter(bench: Bench, batch: number): Promise<Meter> {
  return {
    what: `bare group commit, ${batch} at once`,
    unit: 'per s',
    async measure(seconds) {
      using loop = new GroupCommitLoop(bench.folder);
      return await loop.run({ batch, objectBytes: 4096 }, seconds);
    },
  };
}

/** The same server, asked something that should cost no less. */
export async function siteMeter(
  bench: Bench,
  site: Site,
  { set, what }: { set: RequestSet; what: string },
): Promise<Meter> {
  const prepared = await bench.load.prepare(site.endpoint, set);
  return {
    what,
    unit: 'per s',
    measure: async (seconds) =>
      speedOf(await prepared.run({ connections: 1, seconds }), { unit: 'per s', requestBytes: 0 }),
  };
}

interface Load {
  readonly set: RequestSet;
  readonly connections: number;
}
