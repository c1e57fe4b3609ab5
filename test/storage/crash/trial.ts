/** Tries points of a recording, each on a tree of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Expectation } from './expectation.ts';
import { type History, isForgotten, usefulLength } from './history.ts';
import { cutPoints, killPoints, nameOf, type Point, Trees } from './points.ts';
import { memoryFolder, type Recording } from './recorder.ts';
import { findScene } from './scenes/index.ts';
import { verify } from './verifier.ts';

/** Every so many points everything is mended, compacted and deleted as well. */
const THOROUGH_EVERY = 8;
/** So many failures say what is wrong. */
const FAILURES_MAX = 5;
/** How many disks any object survives the loss of, coded 6+3. */
const DISKS_LOST = 3;

export interface Failure {
  readonly point: string;
  readonly error: string;
}

export function pointsOf({ scene: name, history }: Recording, seed: number): Point[] {
  const { triesStart = false, disksLost = DISKS_LOST, tries } = findScene(name);
  const points = [...killPoints(history, seed), ...cutPoints(history, { seed, disks: disksLost })];
  const opened = triesStart ? 0 : (history.marks[0]?.start ?? 0);
  return points
    .filter(({ at }) => at >= opened && (tries === undefined || isTried(history, at, tries)))
    .sort((a, b) => a.at - b.at);
}

/** Moments that are no operation's last one are those of marks, and the end. */
function isTried({ changes, syncs, describe }: History, at: number, tries: RegExp): boolean {
  const ending = [...changes, ...syncs].find(({ end }) => end === at + 1);
  return ending === undefined || tries.test(describe(ending));
}

/** What failed, or the first of it. Changes the current folder. */
export async function failuresOf(recording: Recording, points: readonly Point[]): Promise<Failure[]> {
  const found: Failure[] = [];
  for await (const failure of tryPoints(recording, points)) {
    found.push(failure);
    if (found.length === FAILURES_MAX) break;
  }
  return found;
}

/** Yields what failed. Of points that leave the same, with the same expected, one is tried. */
async function* tryPoints(recording: Recording, points: readonly Point[]): AsyncGenerator<Failure> {
  const { history } = recording;
  const scene = findScene(recording.scene);
  const expectation = new Expectation(history);
  const trees = new Trees(history);
  const tried = new Set<string>();
  for (const point of points) {
    const tree = trees.at(point);
    const loses = point.loses ?? [];
    const what = [expectation.describe(point.at), tree.digest(isForgotten, usefulLength), ...loses].join();
    if (tried.has(what)) continue;
    tried.add(what);
    const root = mkdtempSync(join(memoryFolder, 'ninefold-crash-point-'));
    try {
      tree.writeOut(root, isForgotten);
      process.chdir(root);
      for (const folder of loses) rmSync(folder, { recursive: true, force: true });
      const check = (seen: Parameters<Expectation['check']>[0]): void => expectation.check(seen, point.at);
      await verify({ scene, check, isWhole: loses.length === 0, isThorough: point.seed % THOROUGH_EVERY === 0 });
    } catch (error) {
      yield { point: nameOf(point), error: inspect(error) };
    } finally {
      process.chdir(memoryFolder);
      rmSync(root, { recursive: true });
    }
  }
}
