/**
 * Records a scene and tries the moments at which it may have ended, all of them or one:
 *
 *     node test/storage/crash/main.ts --scene NAME [--seed N] [--at POINT]
 *
 * `--recording FOLDER` takes a recording that was kept instead of a new one (the order of calls differs from one to the
 * next), `--keep` keeps it, `--list` prints its calls. Prints a line of JSON for each failure and one with the number of
 * points. A recording in which something failed is kept.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { History } from './history.ts';
import { pointOf } from './points.ts';
import { memoryFolder, readRecording, record } from './recorder.ts';
import { failuresOf, pointsOf } from './trial.ts';

const { values: flags } = parseArgs({
  options: {
    scene: { type: 'string', default: '' },
    recording: { type: 'string' },
    seed: { type: 'string', default: '1' },
    at: { type: 'string' },
    keep: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

const folder = flags.recording === undefined ? await newRecording(flags.scene) : resolve(flags.recording);
const recording = readRecording(folder);
if (flags.list) printCalls(recording.history);
const points = flags.at === undefined ? pointsOf(recording, Number(flags.seed)) : [pointOf(flags.at)];
const failures = await failuresOf(recording, points);
console.log(JSON.stringify({ points: points.length }));
for (const failure of failures) console.log(JSON.stringify({ ...failure, recording: folder }));
if (flags.recording === undefined && !flags.keep && failures.length === 0) rmSync(folder, { recursive: true });
process.exit(failures.length === 0 ? 0 : 1);

async function newRecording(scene: string): Promise<string> {
  const made = mkdtempSync(join(memoryFolder, 'ninefold-recording-'));
  await record(scene, made);
  return made;
}

function printCalls(history: History): void {
  const operations = [...history.changes, ...history.syncs].map((operation) => ({
    at: operation.start,
    text: `${operation.start}–${operation.end} ${history.describe(operation)}`,
  }));
  const marks = history.marks.map(({ start, text }) => ({ at: start, text: `${start} ${text.slice(0, 100)}` }));
  for (const { text } of [...operations, ...marks].sort((a, b) => a.at - b.at)) console.log(text);
}
