/** Storage class analysis: days → ratios, ages and the rows of the file. */
import { expect, test } from 'vitest';
import { ageGroupOf, ageGroups } from './age-groups.ts';
import { type Cell, type Cells, cellOf, type Day, noCell, withDay } from './days.ts';
import { accessRatio, analysisFile, transitionAge } from './export.ts';

const mebibyte = 1024 * 1024;
const dayMs = 86_400_000;
const configuration = { id: 'all', filter: { prefix: 'a,b', tags: [{ key: 'k', value: 'v' }] } };

function day(at: number, groups: Readonly<Record<number, Partial<Cell>>>, storageClass = 'STANDARD'): Day {
  const cells: Cells = {};
  for (const [group, cell] of Object.entries(groups)) {
    Object.assign(cellOf(cells, { storageClass, group: Number(group) }), cell);
  }
  return { atMs: at * dayMs, cells };
}

test.for([
  [0, '000-014'],
  [14.99, '000-014'],
  [15, '015-029'],
  [89, '075-089'],
  [90, '090-119'],
  [729, '365-729'],
  [730, '730+'],
  [5000, '730+'],
  [-1, '000-014'],
] as const)('%d days → group %s', ([ageDays, name]) => {
  expect(ageGroups[ageGroupOf(ageDays)]?.name).toBe(name);
});

test('what is retrieved of an age and of greater ones, over what is stored of these on a day → the ratio', () => {
  const days = [
    day(0, { 0: { storedBytes: 1000, retrievedBytes: 5000 }, 2: { storedBytes: 100, retrievedBytes: 10 } }),
    day(1, { 0: { storedBytes: 1000 }, 2: { storedBytes: 300, retrievedBytes: 190 } }),
  ];
  expect(accessRatio(days, { storageClass: 'STANDARD', fromGroup: 0 })).toBe(5200 / 1200);
  expect(accessRatio(days, { storageClass: 'STANDARD', fromGroup: 1 })).toBe(1);
  expect(accessRatio(days, { storageClass: 'STANDARD', fromGroup: 3 })).toBe(0);
  expect(accessRatio(days, { storageClass: 'GLACIER', fromGroup: 0 })).toBe(0);
});

test('thirty days seen → the least age of thirty days and more whose objects are asked for seldom', () => {
  const days = Array.from({ length: 30 }, (_, at) =>
    day(at, {
      0: { storedBytes: 100, retrievedBytes: 100 },
      2: { storedBytes: 100, retrievedBytes: 50 },
      3: { storedBytes: 100, retrievedBytes: 1 },
    }),
  );
  expect(transitionAge(days.slice(1))).toBeUndefined();
  expect(transitionAge(days)).toBe(45);
  const never = days.map((one) => day(one.atMs / dayMs, { 11: { storedBytes: 1, retrievedBytes: 1 } }));
  expect(transitionAge(never)).toBeUndefined();
});

test('days → rows by age group and date, all ages last, ages of transition in STANDARD alone', () => {
  const first = day(0, {
    0: { objects: 2, storedBytes: 3 * mebibyte, uploadedBytes: mebibyte / 2, retrievedBytes: 6 * mebibyte, gets: 4 },
    11: { objects: 1, storedBytes: mebibyte },
  });
  const second = day(1, { 0: { objects: 1, storedBytes: mebibyte } });
  const archived = day(1, { 11: { objects: 1, storedBytes: mebibyte } }, 'GLACIER');
  Object.assign(second.cells, archived.cells);
  expect(analysisFile(configuration, [first, second]).split('\n')).toEqual([
    'Date,ConfigId,Filter,StorageClass,ObjectAge,ObjectCount,DataUploaded_MB,Storage_MB,DataRetrieved_MB,GetRequestCount,CumulativeAccessRatio,ObjectAgeForSIATransition,RecommendedObjectAgeForSIATransition',
    '01-02-1970,all,"prefix=a,b;tag:k=v",GLACIER,730+,1,0,1,0,0,0,,',
    '01-01-1970,all,"prefix=a,b;tag:k=v",STANDARD,000-014,2,0.5,3,6,4,1.5,,',
    '01-02-1970,all,"prefix=a,b;tag:k=v",STANDARD,000-014,1,0,1,0,0,2.4,,',
    '01-01-1970,all,"prefix=a,b;tag:k=v",STANDARD,730+,1,0,1,0,0,0,,',
    '01-02-1970,all,"prefix=a,b;tag:k=v",GLACIER,ALL,1,0,1,0,0,0,,',
    '01-01-1970,all,"prefix=a,b;tag:k=v",STANDARD,ALL,3,0.5,4,6,4,1.5,,',
    '01-02-1970,all,"prefix=a,b;tag:k=v",STANDARD,ALL,1,0,1,0,0,2.4,,',
    '',
  ]);
});

test('an age that stays the same for a week → recommended', () => {
  const days = Array.from({ length: 40 }, (_, at) => day(at, { 0: { ...noCell(), storedBytes: 1 } }));
  const ages = analysisFile(configuration, days)
    .split('\n')
    .filter((line) => line.includes(',ALL,'))
    .map((line) => line.split(',').slice(-2).join());
  expect(ages).toEqual([...Array(29).fill(','), ...Array(6).fill('30,'), ...Array(5).fill('30,30')]);
});

test('more than a year of days → the oldest go', () => {
  let days: readonly Day[] = [];
  for (let at = 0; at < 400; at++) days = withDay(days, day(at, {}));
  expect([days.length, days[0]?.atMs]).toEqual([366, 34 * dayMs]);
});
