/**
 * Half an hour, or as long as asked for, of a real server under random operations, faults and restarts:
 *
 *     npm run soak -- [--minutes 30] [--seed N] [--clients 6] [--operations-per-fault 400]
 *
 * Prints a table of what happened. Exits with 1 if anything was lost or wrong, or if the server grew.
 */
import { parseArgs } from 'node:util';
import type { ProcessFigures } from './server-figures.ts';
import { runSoak, type SoakFigures } from './soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    clients: { type: 'string', default: '6' },
    'operations-per-fault': { type: 'string', default: '400' },
  },
});

/** Memory may come and go by so much without being a leak. */
const residentSlackMebibytes = 96;
/** Shard files that the server keeps open for reading (512) and writing, logs, databases and connections. */
const descriptorsMax = 800;

function most(samples: readonly ProcessFigures[], what: keyof ProcessFigures): number {
  return samples.reduce((sofar, sample) => Math.max(sofar, sample[what]), 0);
}

/** The first third is the warm-up against which the last third is held. */
function growth({ samples }: SoakFigures) {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const [early, late] = [samples.slice(0, third), samples.slice(-third)];
  return {
    resident: [most(early, 'residentMebibytes'), most(late, 'residentMebibytes')] as const,
    descriptors: [most(early, 'descriptors'), most(late, 'descriptors')] as const,
  };
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

const figures = await runSoak({
  seed: Number(values.seed),
  limitMs: Number(values.minutes) * 60_000,
  clients: Number(values.clients),
  operationsPerFault: Number(values['operations-per-fault']),
  report: console.log,
});
const { resident, descriptors } = growth(figures);
const faults = [...figures.faults].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} ${count}`);
const rows: Readonly<Record<string, number | string>> = {
  minutes: values.minutes,
  seed: values.seed,
  operations: figures.operations,
  'written and read': `${mebibytes(figures.bytesWritten)}, ${mebibytes(figures.bytesRead)}`,
  'refused as unavailable': figures.refused,
  'cut off by a kill, of which took effect': `${figures.undecided}, ${figures.tookEffect}`,
  'lost or wrong': 0,
  'times everything was mended': figures.eras,
  'resident memory at most, first and last third': resident.map((value) => `${value} MiB`).join(', '),
  'descriptors at most, first and last third': descriptors.join(', '),
  'contents at the end; objects in the store': `${mebibytes(figures.contentBytes)}; ${mebibytes(figures.space.objects)}`,
  'shard files on disk, as the status says': `${figures.space.stored} bytes`,
  '= live + dead + overhead': `${figures.space.live} + ${figures.space.dead} + ${figures.space.overhead} bytes`,
  'shards after everything was deleted': mebibytes(figures.shardBytesWhenEmpty),
};
for (const [name, value] of Object.entries(rows)) console.log(`${name.padEnd(48)}${value}`);
console.log(`faults: ${faults.join(', ')}`);

const [residentEarly, residentLate] = resident;
const wrong = [
  residentLate > residentEarly * 1.25 + residentSlackMebibytes && 'resident memory grew',
  Math.max(...descriptors) > descriptorsMax && 'descriptors were not given back',
  figures.shardBytesWhenEmpty > 0 && 'shard files were left behind',
].filter((what) => what !== false);
for (const what of wrong) process.stderr.write(`${what}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
