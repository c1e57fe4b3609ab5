/**
 * The moments at which a recorded run may have ended, and the trees that may have been left.
 *
 * - Kill of the process: all that was done is in the page cache and survives. A call under way may have happened, or not,
 *   or half.
 * - Power cut: what a completed sync covers survives: a sync of a file its bytes and its length, a sync of a folder its
 *   names, if they were changed before the sync began. Of all else any part may survive: single writes out of order, single
 *   sectors of a write, the length without the bytes, a name without its file's bytes, a file without its name (which is
 *   then gone). This is more than journalling file systems lose, and no more than POSIX lets them.
 */
import { SeededRandom } from '../../support/seeded-random.ts';
import type { FileTree } from './file-tree.ts';
import { applyChange, type Change, type History, makeNode, type Write } from './history.ts';
import { zoneNames } from './system.ts';

/** What becomes of changes that nothing guarantees. */
const KILL_FATES = ['none', 'short', 'some'] as const;
const CUT_FATES = ['lost', 'names', 'data', 'zeros', 'some'] as const;
type KillFate = (typeof KILL_FATES)[number];
type CutFate = (typeof CUT_FATES)[number];

interface Moment {
  /** Position in the recording: what ends there has happened. */
  readonly at: number;
  readonly seed: number;
  /** Folders of zones or disks that are lost as well. */
  readonly loses?: readonly string[];
}
export type Point =
  | (Moment & { readonly kind: 'kill'; readonly fate: KillFate })
  | (Moment & { readonly kind: 'cut'; readonly fate: CutFate });

export function nameOf({ kind, at, fate, seed, loses }: Point): string {
  return [kind, at, fate, seed, ...(loses ?? [])].join(':');
}

export function pointOf(name: string): Point {
  const [kind, at, fate, seed, ...loses] = name.split(':');
  const moment = { at: Number(at), seed: Number(seed), loses };
  const killFate = KILL_FATES.find((known) => known === fate);
  const cutFate = CUT_FATES.find((known) => known === fate);
  if (kind === 'kill' && killFate) return { kind, fate: killFate, ...moment };
  if (kind === 'cut' && cutFate) return { kind, fate: cutFate, ...moment };
  throw new Error(`${name} is no point: kill:AT:${KILL_FATES.join('|')}:SEED or cut:AT:${CUT_FATES.join('|')}:SEED`);
}

/** A kill before the end of every change, where some are under way in three ways; and one behind the last. */
export function killPoints({ changes }: History, seed: number): Point[] {
  const ends = changes.flatMap(({ end }) => (Number.isFinite(end) ? [end - 1] : []));
  const points: Point[] = [];
  for (const [i, at] of [...ends, Number.MAX_SAFE_INTEGER].entries()) {
    const kill = { kind: 'kill', at, seed: seed + i } as const;
    points.push({ ...kill, fate: 'none' });
    const next = changes[i];
    if (next?.kind === 'write' && next.bytes.length > 1) points.push({ ...kill, fate: 'short' });
    if (changes.filter(({ start, end }) => start <= at && at < end).length > 1) points.push({ ...kill, fate: 'some' });
  }
  return points;
}

/**
 * Cuts right before the end of every sync, at every mark (where something was acknowledged), and before the ends of a
 * part of the changes. At marks in all five ways, and with a zone or some disks lost as well; elsewhere all unguaranteed
 * changes are lost, or go one of the other ways, in turn.
 */
export function cutPoints(
  { changes, syncs, marks }: History,
  { seed, disks }: { seed: number; disks: number },
): Point[] {
  const random = new SeededRandom(seed);
  const points = new Map<number, Point[]>();
  const add = (at: number, fates: readonly CutFate[]): void => {
    if (Number.isFinite(at))
      points.set(
        at,
        fates.map((fate) => ({ kind: 'cut', at, fate, seed: seed + at })),
      );
  };
  for (const { end } of changes.filter(() => random.below(4) === 0)) add(end - 1, [random.pick(CUT_FATES)]);
  for (const [i, { end }] of syncs.entries()) {
    add(end - 1, ['lost', i % 2 === 0 ? 'some' : random.pick(['names', 'data', 'zeros'] as const)]);
  }
  for (const { start } of marks) add(start, CUT_FATES);
  const losses = marks
    .filter(({ text }) => text.startsWith('{"acknowledged"'))
    .flatMap(({ start: at }) =>
      lossesOf(random, disks).map((loses): Point => ({ kind: 'cut', at, fate: 'lost', seed: seed + at, loses })),
    );
  return [...[...points.values()].flat(), ...losses].sort((a, b) => a.at - b.at);
}

/** Each zone, and so many disks at random; nothing where no disk may be lost. */
function lossesOf(random: SeededRandom, count: number): string[][] {
  if (count === 0) return [];
  const disks = new Set<string>();
  while (disks.size < count) disks.add(`data/${random.pick(zoneNames)}/disk-${1 + random.below(3)}`);
  return [...zoneNames.map((zone) => [`data/${zone}`]), [...disks]];
}

/** For each change, the position from which on a sync guarantees it. */
type Guarantees = ReadonlyMap<Change, number>;

function guaranteesOf({ changes, syncs }: History): Guarantees {
  const byNode = Map.groupBy(syncs, ({ node }) => node);
  const found = new Map<Change, number>();
  for (const change of changes) {
    const nodes = change.kind === 'names' ? change.names.map(({ folder }) => folder) : [change.file];
    const ends = nodes
      .flatMap((node) => byNode.get(node) ?? [])
      .flatMap(({ start, end }) => (start > change.end ? [end] : []));
    found.set(change, Math.min(...ends));
  }
  return found;
}

/** The trees that are left at points of a recording. Points in the order of their moments cost least. */
export class Trees {
  readonly #history: History;
  readonly #guarantees: Guarantees;
  /** What all changes before one of them have made, in the order of their ends. */
  #done: { readonly tree: FileTree; count: number; at: number };

  constructor(history: History) {
    this.#history = history;
    this.#guarantees = guaranteesOf(history);
    this.#done = this.#nothingDone();
  }

  at(point: Point): FileTree {
    return point.kind === 'kill' ? this.#afterKill(point) : this.#afterCut(point);
  }

  #nothingDone() {
    const tree = this.#history.initial.copy();
    for (const change of this.#history.changes) {
      if (change.kind === 'names' && change.makes !== undefined) makeNode(tree, change.makes);
    }
    return { tree, count: 0, at: 0 };
  }

  #afterKill({ at, fate, seed }: Point & { kind: 'kill' }): FileTree {
    const { changes } = this.#history;
    if (at < this.#done.at) this.#done = this.#nothingDone();
    const done = this.#done;
    done.at = at;
    for (let next = changes[done.count]; next !== undefined && next.end <= at; next = changes[done.count]) {
      applyChange(done.tree, next);
      done.count += 1;
    }
    const tree = done.tree.copy();
    const random = new SeededRandom(seed);
    for (const [i, change] of changes.slice(done.count).entries()) {
      if (change.start <= at) leaveUnderWay(tree, change, { fate, random, isNext: i === 0 });
    }
    return tree;
  }

  #afterCut({ at, fate, seed }: Point & { kind: 'cut' }): FileTree {
    const { tree } = this.#nothingDone();
    const random = new SeededRandom(seed);
    for (const change of this.#history.changes) {
      if (change.start > at) continue;
      if ((this.#guarantees.get(change) ?? 0) <= at) applyChange(tree, change);
      else leaveUnsynced(tree, change, { fate, random });
    }
    return tree;
  }
}

function leaveUnderWay(
  tree: FileTree,
  change: Change,
  { fate, random, isNext }: { fate: KillFate; random: SeededRandom; isNext: boolean },
): void {
  if (fate === 'some' && random.below(2) === 0) applyChange(tree, change);
  if (fate === 'short' && isNext && change.kind === 'write') {
    const length = 1 + random.below(change.bytes.length - 1);
    applyChange(tree, { ...change, bytes: change.bytes.subarray(0, length) });
  }
}

function leaveUnsynced(
  tree: FileTree,
  change: Change,
  { fate, random }: { fate: CutFate; random: SeededRandom },
): void {
  const isName = change.kind === 'names';
  if (fate === 'names' && isName) applyChange(tree, change);
  if (fate === 'data' && !isName) applyChange(tree, change);
  if (fate === 'zeros') applyLength(tree, change);
  if (fate !== 'some') return;
  const choice = random.below(4);
  if (change.kind !== 'write') {
    if (choice < 2) applyChange(tree, change);
  } else if (choice === 0) applyChange(tree, change);
  else if (choice > 1) for (const piece of torn(change, choice === 2 ? 512 : 4096, random)) applyChange(tree, piece);
}

/** A file that became longer may have its length and not its bytes; what was there before is not touched. */
function applyLength(tree: FileTree, change: Change): void {
  if (change.kind === 'write') {
    const end = change.offset + change.bytes.length;
    if (end > tree.file(change.file).size) tree.resize(change.file, end);
  } else {
    applyChange(tree, change);
  }
}

/** Some of the sectors of a write. */
function torn(write: Write, sectorBytes: number, random: SeededRandom): Write[] {
  const pieces: Write[] = [];
  const end = write.offset + write.bytes.length;
  for (let at = write.offset; at < end; ) {
    const next = Math.min(end, (Math.floor(at / sectorBytes) + 1) * sectorBytes);
    const bytes = write.bytes.subarray(at - write.offset, next - write.offset);
    if (random.below(2) === 0) pieces.push({ ...write, offset: at, bytes });
    at = next;
  }
  return pieces;
}
