import { expect, test } from 'vitest';
import { summarise, summaryText } from '../../bench/report/profile-summary.ts';

const frame = (id: number, functionName: string, url: string) => ({ id, callFrame: { functionName, url } });

test('time of a profile → shares of layers, packages, Node and the engine, and of functions; idle time apart', () => {
  const summary = summarise({
    nodes: [
      frame(1, '(idle)', ''),
      frame(2, 'route', 'file:///ninefold/src/s3/model/router.ts'),
      frame(3, 'submit', 'file:///ninefold/src/meta/group-commit.ts'),
      frame(4, 'run', 'file:///ninefold/node_modules/better-sqlite3/lib/methods.js'),
      frame(5, '(garbage collector)', ''),
      frame(6, 'writev', ''),
      frame(7, 'emit', 'node:events'),
    ],
    samples: [1, 2, 2, 3, 4, 5, 6, 7],
    timeDeltas: [1000, 200, 200, 200, 100, 100, 100, 100],
  });
  expect(summary.idle).toBeCloseTo(0.5);
  expect(Object.fromEntries(summary.parts.map(({ name, share }) => [name, share]))).toEqual({
    'src/s3': 0.4,
    'src/meta': 0.2,
    'better-sqlite3': 0.1,
    'garbage collection': 0.1,
    'native code': 0.1,
    Node: 0.1,
  });
  expect(summary.functions[0]).toEqual({ name: 'route router.ts', share: 0.4 });
  expect(summaryText('get', summary)).toMatch(/^get: idle 50 %; of the rest src\/s3 40 %, src\/meta 20 %,/);
});
