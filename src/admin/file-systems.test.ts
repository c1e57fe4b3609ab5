/** Sentences on what fails together: how disks lie on file systems → what is said. */
import { expect, test } from 'vitest';
import { describeSharedFileSystems } from './file-systems.ts';

/** Nine disks in three zones; each letter is the file system of one of them, a dot one that is not known. */
function said(devices: string): readonly string[] {
  return describeSharedFileSystems(
    [...devices.replaceAll(' ', '')].map((device, i) => {
      const zone = `zone-${'abc'.charAt(Math.floor(i / 3))}`;
      return { path: `${zone}/disk-${(i % 3) + 1}`, zone, device: device === '.' ? undefined : device };
    }),
  );
}

test.for([
  ['abc def ghi', []],
  ['... ... ...', []],
  ['aaa aaa aaa', ['All 9 disks lie on one file system: a failure of it loses everything.']],
  [
    'aaa bcd efg',
    ['All 3 disks of zone-a lie on one file system: they fail together, as 3 of the 3 losses that an object survives.'],
  ],
  [
    'abb cde fgh',
    [
      'zone-a/disk-2 and zone-a/disk-3 lie on one file system: they fail together, as 2 of the 3 losses that an object survives.',
    ],
  ],
  [
    'aab caa def',
    [
      'zone-a/disk-1, zone-a/disk-2, zone-b/disk-2 and zone-b/disk-3 lie on one file system: a failure of it is 4 losses at once, more than the 3 that an object survives.',
    ],
  ],
] as const)('%s → %o', ([devices, sentences]) => {
  expect(said(devices)).toEqual(sentences);
});

test('several shared ones → the largest first', () => {
  expect(said('aab bbb cde').map((sentence) => /(\d+|two) losses|as (\d)/.exec(sentence)?.[0])).toEqual([
    '4 losses',
    'as 2',
  ]);
});

test('a zone of five disks on one file system → its loss is one that every object survives', () => {
  const disks = ['aaaaa', 'bcdef'].flatMap((devices, zone) =>
    [...devices].map((device, i) => ({ path: `${zone}/${i}`, zone: `zone-${zone}`, device })),
  );
  expect(describeSharedFileSystems(disks)).toEqual([
    'All 5 disks of zone-0 lie on one file system: they fail together, as the loss of the zone, which every object survives.',
  ]);
});
