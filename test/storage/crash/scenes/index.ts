import type { Scene } from '../scene.ts';
import { bucketSettings } from './bucket-settings.ts';
import { cleanRestart } from './clean-restart.ts';
import { compaction } from './compaction.ts';
import { concurrentWrites } from './concurrent-writes.ts';
import { copies } from './copies.ts';
import { damagedLogs } from './damaged-logs.ts';
import { diskDrained, diskReplaced } from './disk-changes.ts';
import { diskReturns } from './disk-returns.ts';
import { firstStart } from './first-start.ts';
import { garbage } from './garbage.ts';
import { largeObjects } from './large-objects.ts';
import { logRotation } from './log-rotation.ts';
import { mediumObjects } from './medium-objects.ts';
import { migration } from './migration.ts';
import { forcedRebuild, rebuiltIndex } from './rebuilt-index.ts';
import { repair } from './repair.ts';
import { segmentRotation } from './segment-rotation.ts';
import { smallObjects } from './small-objects.ts';
import { restoredIndex, snapshots } from './snapshots.ts';
import { threeCopies } from './three-copies.ts';
import { transitions } from './transitions.ts';
import { uploads } from './uploads.ts';
import { versions } from './versions.ts';

export const scenes: readonly Scene[] = [
  firstStart,
  smallObjects,
  mediumObjects,
  largeObjects,
  concurrentWrites,
  uploads,
  copies,
  versions,
  bucketSettings,
  logRotation,
  segmentRotation,
  garbage,
  compaction,
  repair,
  diskReturns,
  diskReplaced,
  diskDrained,
  threeCopies,
  transitions,
  cleanRestart,
  damagedLogs,
  snapshots,
  restoredIndex,
  rebuiltIndex,
  forcedRebuild,
  migration,
];

export function findScene(name: string): Scene {
  const scene = scenes.find((candidate) => candidate.name === name);
  if (scene === undefined)
    throw new Error(`there is no scene ${name}, but ${scenes.map((known) => known.name).join(', ')}`);
  return scene;
}
