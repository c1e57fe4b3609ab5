/** What is said of the redundancy: health of segments, live bytes → the worst, the classes, the sentence. */
import { expect, test } from 'vitest';
import type { SegmentHealth } from '../blob/maintenance/types.ts';
import { SCHEMES, type SchemeName } from '../blob/scheme.ts';
import { findProblems } from './problems.ts';
import { describeRedundancy, redundancyProblems } from './redundancy.ts';
import { describeSpace } from './space.ts';

function health(
  segment: string,
  lost: { missing?: number; damaged?: number; scheme?: SchemeName } = {},
): SegmentHealth {
  const { missing = 0, damaged = 0, scheme = '6+3' } = lost;
  const { shards, dataShards } = SCHEMES[scheme];
  const goodShards = shards - missing - damaged;
  return {
    segment,
    scheme,
    isSealed: true,
    shardBytes: 1,
    goodShards,
    sparesLeft: goodShards - dataShards,
    missing: Array.from({ length: missing }, (_, i) => i),
    damaged: Array.from({ length: damaged }, (_, i) => missing + i),
    misplaced: [],
    surplusCopies: 0,
    unreadableStripes: 0,
    unreadablePlaces: [],
    isContradicted: false,
    undecidedStripes: [],
    repairable: 0,
    movable: 0,
  };
}

test('nothing live → nothing to say', () => {
  expect(describeRedundancy([health('a', { missing: 9 })], new Map([['a', 0]]))).toBeUndefined();
  expect(redundancyProblems(undefined)).toEqual([]);
});

test('all whole → what the weakest scheme survives, no problem', () => {
  const live = new Map([
    ['a', 10],
    ['b', 5],
  ]);
  const found = describeRedundancy([health('a'), health('b', { scheme: '1+2' })], live);
  expect(found).toMatchObject({
    survives: 2,
    degradedSegments: 0,
    classes: [
      { survives: 2, segments: 1, liveBytes: 5 },
      { survives: 3, segments: 1, liveBytes: 10 },
    ],
  });
  expect(redundancyProblems(found)).toEqual([]);
});

test.for([
  [
    { missing: 1, damaged: 1 },
    'Redundancy is reduced, every object survives the loss of one more disk: segment a has 7 good shards of 9 and needs 6 (1 missing, 1 damaged); one segment lacks shards.',
  ],
  [
    { missing: 3 },
    'The loss of one more disk loses data: segment a has 6 good shards of 9 and needs 6 (3 missing); one segment lacks shards.',
  ],
  [
    { missing: 3, damaged: 1 },
    'Some objects cannot be read now: segment a has 5 good shards of 9 and needs 6 (3 missing, 1 damaged).',
  ],
] as const)('%o lost of a live segment → %s', ([lost, sentence]) => {
  const live = new Map([
    ['a', 1],
    ['b', 1],
  ]);
  expect(redundancyProblems(describeRedundancy([health('b'), health('a', lost)], live))).toEqual([sentence]);
});

test('lost shards of a dead segment → do not count', () => {
  const live = new Map([['a', 1]]);
  const found = describeRedundancy([health('a'), health('dead', { missing: 4 })], live);
  expect(found).toMatchObject({ survives: 3, degradedSegments: 0 });
});

const nothing = {
  space: describeSpace({ disks: [], segments: [], live: new Map() }),
  index: { sequence: 0, epoch: 0, logBytesSinceSnapshot: 0 },
  contradictions: [],
  version: '',
  nowMs: 0,
  startedMs: 0,
  zones: [],
  groups: [],
  sharedFileSystems: [],
  disks: [],
  events: [],
  replication: [],
  jobs: [],
};

test('lost versions → the first of all problems', () => {
  const job = { state: 'waiting', steps: 1, nextRunMs: 0, runsAsked: 0, runsDone: 0, failures: 0 } as const;
  const jobs = [{ ...job, name: 'losses', details: { lostVersions: 2 } }];
  expect(findProblems({ ...nothing, jobs })).toEqual([
    '2 versions were found to be lost: too few of their shards are left anywhere.',
  ]);
  expect(findProblems({ ...nothing, jobs: [{ ...job, name: 'losses', details: { lostVersions: 0 } }] })).toEqual([]);
});

test('shards that contradict each other → a sentence a segment, that names a few of the places', () => {
  const contradictions = [
    { segment: 'a', offsets: [16] },
    { segment: 'b', offsets: [0, 1, 2, 3, 4, 5, 6, 7, 8] },
  ];
  expect(findProblems({ ...nothing, contradictions })).toEqual([
    'Shards of segment a contradict each other in the stripe at 16: what lies there may be wrong, and nothing tells which shard is.',
    'Shards of segment b contradict each other in stripes at 0, 1, 2, 3, 4, 5, 6, 7 and more: what lies there may be wrong, and nothing tells which shard is.',
  ]);
});
