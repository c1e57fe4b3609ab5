/**
 * Records a scene and tries the moments at which it may have ended, all of them or one:
 *
 *     node test/storage/crash/main.ts --scene NAME [--seed N] [--at POINT]
 *
 * `--recording FOLDER` takes a recording that was kept instead of a new one (the order of calls differs from one to the
 * next), `--keep` keeps it, `--list` prints its calls, `--share I/N` tries one in N, a row of
 * neighbours at a time, as these may leave the same. Prints
 * a line of JSON for each failure and one with the number of points. A recording in which something failed is kept.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { History } from './history.ts';
import { pointOf } from './points.ts';
import { memoryFolder, type Recording, readRecording, record } from './recorder.ts';
import { type Failure, pointsOf, tryPoints } from './trial.ts';

const NEIGHBOURS = 32;
/** So many failures say what is wrong. */
const FAILURES_MAX = 5;

const { values: flags } = parseArgs({
  options: {
    scene: { type: 'string', default: '' },
    recording: { type: 'string' },
    seed: { type: 'string', default: '1' },
    at: { type: 'string' },
    share: { type: 'string', default: '0/1' },
    keep: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

const folder = flags.recording === undefined ? newRecording(flags.scene) : resolve(flags.recording);
const recording = readRecording(folder);
if (flags.list) printCalls(recording.history);
const failures = await run(recording);
for (const failure of failures) console.log(JSON.stringify({ ...failure, recording: folder }));
if (flags.recording === undefined && !flags.keep && failures.length === 0) rmSync(folder, { recursive: true });
process.exit(failures.length === 0 ? 0 : 1);

function newRecording(scene: string): string {
  const made = mkdtempSync(join(memoryFolder, 'ninefold-recording-'));
  record(scene, made);
  return made;
}

async function run(tried: Recording): Promise<Failure[]> {
  const [share = 0, shares = 1] = flags.share.split('/').map(Number);
  const points =
    flags.at === undefined
      ? pointsOf(tried, Number(flags.seed)).filter((_, i) => Math.floor(i / NEIGHBOURS) % shares === share)
      : [pointOf(flags.at)];
  const found: Failure[] = [];
  for await (const failure of tryPoints(tried, points)) {
    found.push(failure);
    if (found.length === FAILURES_MAX) break;
  }
  console.log(JSON.stringify({ points: points.length }));
  return found;
}

function printCalls(history: History): void {
  const operations = [...history.changes, ...history.syncs].map((operation) => ({
    at: operation.start,
    text: `${operation.start}–${operation.end} ${history.describe(operation)}`,
  }));
  const marks = history.marks.map(({ start, text }) => ({ at: start, text: `${start} ${text.slice(0, 100)}` }));
  for (const { text } of [...operations, ...marks].sort((a, b) => a.at - b.at)) console.log(text);
}
