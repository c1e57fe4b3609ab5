/** Where the space goes: segments and what rows name in them → live, dead and overhead, which are all bytes together. */
import { expect, test } from 'vitest';
import type { SegmentState } from '../blob/types.ts';
import { describeSpace } from './space.ts';

const whole: SegmentState = {
  segment: 'a',
  scheme: '6+3',
  group: 'default',
  sealed: true,
  holds: 0,
  shardBytes: 1000,
  files: 9,
  fileBytes: 9000,
};

function space(segment: Partial<SegmentState>, liveBytes: number): readonly number[] {
  const { storedBytes, storedLiveBytes, storedDeadBytes, storedOverheadBytes } = describeSpace({
    disks: [],
    segments: [{ ...whole, ...segment }],
    live: new Map([['a', liveBytes]]),
  });
  expect(storedLiveBytes + storedDeadBytes + storedOverheadBytes).toBe(storedBytes);
  return [storedLiveBytes, storedDeadBytes, storedOverheadBytes];
}

test.for([
  ['everything live', {}, 5400, [8100, 0, 900]],
  ['a third dead → its share of the parity too', {}, 3600, [5400, 2700, 900]],
  ['nothing live → all of the files', {}, 0, [0, 9000, 0]],
  ['nothing live yet in a segment that is written', { sealed: false }, 0, [0, 8100, 900]],
  ['three files missing', { files: 6, fileBytes: 6000 }, 3600, [3600, 1800, 600]],
  ['full copies', { scheme: '1+2', files: 3, fileBytes: 9000, dataBytes: 2900 }, 2000, [6000, 2700, 300]],
  ['files cut', { fileBytes: 4000 }, 3600, [4000, 0, 0]],
  ['no file left', { files: 0, fileBytes: 0 }, 3600, [0, 0, 0]],
] as const)('%s', ([, segment, liveBytes, expected]) => {
  expect(space({ dataBytes: 5400, ...segment }, liveBytes)).toEqual(expected);
});

test('found at the start and not yet measured → nothing is called dead', () => {
  expect(space({}, 3600)).toEqual([5400, 0, 3600]);
});

test('disks of one file system → counted once; those never seen → not', () => {
  const disk = {
    id: '',
    path: '/p',
    zone: 'a',
    group: 'default',
    state: 'healthy',
    sinceMs: 0,
    isFull: false,
  } as const;
  const seen = { ...disk, device: '1', sizeBytes: 100, freeBytes: 50, reserveBytes: 5 };
  const { sizeBytes, freeBytes, reserveBytes } = describeSpace({
    disks: [seen, seen, { ...seen, device: '2', sizeBytes: 10, freeBytes: 4, reserveBytes: 1 }, disk],
    segments: [],
    live: new Map(),
  });
  expect({ sizeBytes, freeBytes, reserveBytes }).toEqual({ sizeBytes: 110, freeBytes: 54, reserveBytes: 6 });
});
