/** Memory of the server while gibibytes go in and out, and what it keeps once it has rested. */
import { setTimeout } from 'node:timers/promises';
import type { LoadResult, RequestSet } from '../load/messages.ts';
import type { Figure } from '../report/figure.ts';
import { cpuSeconds, memory, resetPeak } from '../server/process-figures.ts';
import type { Bench, Work } from '../work.ts';

const mebibyte = 1024 * 1024;
const objectMebibytes = 256;
const connections = 4;
/** What the design allows while they go in and out, and what should be left after it. */
const peakMebibytesMax = 400;
const residentMebibytesMax = 250;
/** Threads that nobody uses end in the meantime, and what a server collects when it has nothing to do is collected. */
const restSeconds = 20;

export const memoryWork: Work = {
  names: ['memory-peak', 'memory-after'],
  ownServerBecause: 'a server that was used before has grown already',
  async run(bench) {
    const site = await bench.site('memory');
    if (site.pid === undefined) return [];
    const { pid, bucket } = site;
    const put = await sendObjects(bench, { method: 'PUT', bucket, pid });
    const get = await sendObjects(bench, { method: 'GET', bucket, pid });
    await setTimeout(restSeconds * 1000);
    return figuresOf(bench, { put, get, residentMebibytes: (await memory(pid))?.residentMebibytes ?? Number.NaN });
  },
};

interface Sent {
  readonly result: LoadResult;
  readonly peakMebibytes: number;
  readonly cpuSeconds: number;
}

async function sendObjects(
  bench: Bench,
  { method, bucket, pid }: { method: 'PUT' | 'GET'; bucket: string; pid: number },
): Promise<Sent> {
  const count = Math.ceil((bench.memoryGibibytes * 1024) / objectMebibytes);
  const set: RequestSet = {
    method,
    targets: Array.from({ length: count }, (_, i) => `/${bucket}/memory/${i}`),
    bodyBytes: method === 'PUT' ? objectMebibytes * mebibyte : 0,
    isBodySigned: method === 'GET',
  };
  const prepared = await bench.load.prepare((await bench.site('memory')).endpoint, set);
  await resetPeak(pid);
  const before = await cpuSeconds(pid);
  const result = await prepared.run({ connections, count });
  const spent = ((await cpuSeconds(pid)) ?? Number.NaN) - (before ?? Number.NaN);
  return { result, peakMebibytes: (await memory(pid))?.peakMebibytes ?? Number.NaN, cpuSeconds: spent };
}

function figuresOf(
  { memoryGibibytes }: Bench,
  { put, get, residentMebibytes }: { put: Sent; get: Sent; residentMebibytes: number },
): readonly Figure[] {
  const peak = Math.max(put.peakMebibytes, get.peakMebibytes);
  const count = put.result.count + get.result.count;
  const failures = Object.fromEntries([...put.result.failures, ...get.result.failures]);
  const bound = { unit: 'MiB', what: 'the bound' } as const;
  return [
    {
      name: 'memory-peak',
      title: `Memory while ${memoryGibibytes} GiB go in and out, ${connections} at once`,
      measured: { value: peak, unit: 'MiB' },
      limit: { value: peakMebibytesMax, ...bound },
      ratio: peak / peakMebibytesMax,
      aim: { ratio: 1, isMost: true },
      cpuMsPerRequest: ((put.cpuSeconds + get.cpuSeconds) * 1000) / count,
      peakMebibytes: peak,
      ...(Object.keys(failures).length > 0 && { failures }),
    },
    {
      name: 'memory-after',
      title: `Memory that is left ${restSeconds} s afterwards`,
      measured: { value: residentMebibytes, unit: 'MiB' },
      limit: { value: residentMebibytesMax, ...bound },
      ratio: residentMebibytes / residentMebibytesMax,
      aim: { ratio: 1, isMost: true },
    },
  ];
}
