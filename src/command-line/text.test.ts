/** How figures and tables look: value → text. */
import { expect, test } from 'vitest';
import { formatBytes, formatSpan } from './quantities.ts';
import { replicationText } from './replication-text.ts';
import { table } from './tables.ts';

test.for([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.00 KiB'],
  [1536 * 1024, '1.50 MiB'],
  [12.34 * 1024 ** 3, '12.3 GiB'],
  [999 * 1024 ** 4, '999 TiB'],
] as const)('%d bytes → %s', ([bytes, text]) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.for([
  [0, 'less than a second'],
  [1000, '1 second'],
  [61_000, '1 minute 1 second'],
  [3_600_000, '1 hour'],
  [2 * 86_400_000 + 59_000, '2 days'],
  [2 * 86_400_000 + 3_600_000 * 5 + 59_000, '2 days 5 hours'],
] as const)('%d ms → %s', ([ms, text]) => {
  expect(formatSpan(ms)).toBe(text);
});

test('columns → as wide as their longest text, no blanks at the end of a line', () => {
  const rows = [
    ['name', 'size', ''],
    ['a longer name', '7', 'x'],
  ];
  expect(table(rows, { alignedRight: [1], indent: '' })).toBe('name           size\na longer name     7  x');
});

test('what was not replicated → by destination, what failed with why, and walks under way; nothing → a sentence', () => {
  expect(replicationText({ destinations: [], resyncs: [] }, 0)).toBe(
    'Nothing waits to be replicated, and nothing has failed.',
  );
  const failures = [{ bucket: 'b', key: 'k', versionId: 'v', why: 'it may not' }];
  const destination = {
    destination: 'arn:aws:s3:::there',
    waiting: 2,
    waitingBytes: 2048,
    oldestMs: 1000,
    failed: 1,
    why: 'it is away',
    failures,
  };
  const resyncs = [{ bucket: 'b', all: false, queued: 3, reached: 'm' }];
  expect(replicationText({ destinations: [destination], resyncs }, 4000)).toBe(
    [
      '  destination         waiting     bytes  for        failed',
      '  arn:aws:s3:::there        2  2.00 KiB  3 seconds       1',
      '',
      'Waiting',
      '  arn:aws:s3:::there  it is away',
      '',
      'Failed',
      '  b/k  v  it may not',
      '',
      'b is being gone through, up to m: 3 versions queued.',
    ].join('\n'),
  );
});
