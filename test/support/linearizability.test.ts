/** The checker itself, on histories known to be good or bad, and beside a search of every order. */
import { describe, expect, test } from 'vitest';
import { isLinearizable, type Operation } from './linearizability.ts';
import { objectRegister, type RegisterOp } from './object-register.ts';
import { SeededRandom } from './seeded-random.ts';

const none = { kind: 'none' } as const;
const absent = { kind: 'absent' } as const;
const put = (etag: string, answer: string | undefined = ''): RegisterOp => ({
  do: 'write',
  etag,
  condition: none,
  answer,
});
const unanswered = (etag: string): RegisterOp => ({ do: 'write', etag, condition: none, answer: undefined });
const create = (etag: string, answer = ''): RegisterOp => ({ do: 'write', etag, condition: absent, answer });
const swap = (from: string, to: string, answer = ''): RegisterOp => ({
  do: 'write',
  etag: to,
  condition: { kind: 'match', etag: from },
  answer,
});
const remove: RegisterOp = { do: 'delete', etag: '', condition: none, answer: '' };
const read = (found: string): RegisterOp => ({ do: 'read', found });

/** A line of a history: the operation, its call and its answer. */
type Line = readonly [op: RegisterOp, calledAt: number, answeredAt?: number];
const operationOf = ([op, calledAt, answeredAt]: Line): Operation<RegisterOp> => ({ op, calledAt, answeredAt });
const check = (...lines: readonly Line[]): boolean => isLinearizable(lines.map(operationOf), objectRegister);

describe('good histories', () => {
  const good: Record<string, readonly Line[]> = {
    'nothing happened': [],
    'one after another': [
      [put('a'), 1, 2],
      [read('a'), 3, 4],
      [remove, 5, 6],
      [read(''), 7, 8],
    ],
    'a read beside a write sees either': [
      [put('a'), 1, 2],
      [put('b'), 3, 8],
      [read('a'), 4, 5],
      [read('b'), 6, 7],
    ],
    'writes beside each other in the order that the reads tell': [
      [put('a'), 1, 10],
      [put('b'), 2, 9],
      [read('b'), 11, 12],
    ],
    'one of two racing creations wins': [
      [create('a'), 1, 5],
      [create('b', 'PreconditionFailed'), 2, 4],
      [read('a'), 6, 7],
    ],
    'a swap of what is there, one of what is not': [
      [put('a'), 1, 2],
      [swap('a', 'b'), 3, 4],
      [swap('a', 'c', 'PreconditionFailed'), 5, 6],
      [remove, 7, 8],
      [swap('b', 'd', 'NoSuchKey'), 9, 10],
    ],
    'an unanswered write that never took effect': [
      [unanswered('a'), 1],
      [read(''), 2, 3],
      [read(''), 8, 9],
    ],
    'an unanswered write that took effect long after': [
      [unanswered('a'), 1],
      [read(''), 5, 6],
      [read('a'), 8, 9],
    ],
  };
  test.for(Object.entries(good))('%s', ([, lines]) => expect(check(...lines)).toBe(true));
});

describe('bad histories', () => {
  const bad: Record<string, readonly Line[]> = {
    'an acknowledged write is missed': [
      [put('a'), 1, 2],
      [read(''), 3, 4],
    ],
    'a deleted object is shown': [
      [put('a'), 1, 2],
      [remove, 3, 4],
      [read('a'), 5, 6],
    ],
    'a read goes back in time': [
      [put('a'), 1, 2],
      [put('b'), 3, 9],
      [read('b'), 4, 5],
      [read('a'), 6, 7],
    ],
    'two creations win': [
      [create('a'), 1, 5],
      [create('b'), 2, 4],
    ],
    'no creation wins': [
      [create('a', 'PreconditionFailed'), 1, 5],
      [create('b', 'PreconditionFailed'), 2, 4],
    ],
    'two swaps of one ETag win': [
      [put('a'), 1, 2],
      [swap('a', 'b'), 3, 8],
      [swap('a', 'c'), 4, 9],
    ],
    'a write that was never sent': [[read('a'), 1, 2]],
    'a refused write is seen': [
      [put('a'), 1, 2],
      [create('b', 'PreconditionFailed'), 3, 4],
      [read('b'), 5, 6],
    ],
    'an unanswered write is seen, and then not': [
      [unanswered('a'), 1],
      [read('a'), 2, 3],
      [read(''), 4, 5],
    ],
    'an unanswered write is seen before it was sent': [
      [read('a'), 1, 2],
      [unanswered('a'), 3],
    ],
  };
  test.for(Object.entries(bad))('%s', ([, lines]) => expect(check(...lines)).toBe(false));
});

/** The same answer found by trying every order. */
function isLinearizableByForce(left: readonly Operation<RegisterOp>[], state: string): boolean {
  if (left.every(({ answeredAt }) => answeredAt === undefined)) return true;
  const firstAnswer = Math.min(...left.map(({ answeredAt }) => answeredAt ?? Number.POSITIVE_INFINITY));
  return left.some((operation, i) => {
    if (operation.calledAt > firstAnswer) return false;
    const after = objectRegister.step(state, operation.op);
    return after.some((state) => isLinearizableByForce(left.toSpliced(i, 1), state));
  });
}

test('random small histories → as a search of every order finds', () => {
  const random = new SeededRandom(20_261_126);
  const etags = ['a', 'b'] as const;
  const makers: (() => RegisterOp)[] = [
    () => put(random.pick(etags)),
    () => unanswered(random.pick(etags)),
    () => create(random.pick(etags), random.pick(['', 'PreconditionFailed'])),
    () => swap(random.pick(etags), random.pick(etags), random.pick(['', 'PreconditionFailed', 'NoSuchKey'])),
    () => remove,
    () => read(random.pick(['', ...etags])),
  ];
  const verdicts = { true: 0, false: 0 };
  for (let round = 0; round < 5000; round++) {
    const history = Array.from({ length: 1 + random.below(7) }, () => {
      const op = random.pick(makers)();
      const calledAt = random.below(20);
      const isAnswered = op.do === 'read' || op.answer !== undefined || random.below(2) === 0;
      return { op, calledAt, answeredAt: isAnswered ? calledAt + 0.5 + random.below(8) : undefined };
    });
    const verdict = isLinearizable(history, objectRegister);
    expect(verdict, JSON.stringify(history)).toBe(isLinearizableByForce(history, ''));
    verdicts[`${verdict}`] += 1;
  }
  expect(Math.min(verdicts.true, verdicts.false)).toBeGreaterThan(500);
});

test('a long history of many clients → decided in little time', () => {
  const lines: Line[] = Array.from({ length: 300 }, (_, i): Line[] => {
    const at = i * 100;
    const writes = [0, 1, 2, 3, 4, 5].map((n): Line => [put(`${i} ${n}`), at + n, at + 50 + n]);
    return [...writes, [unanswered(`${i} lost`), at + 1, at + 90], [read(`${i} ${i % 6}`), at + 60, at + 61]];
  }).flat();
  expect(check(...lines)).toBe(true);
  expect(check(...lines, [read('200 5'), 1_000_000, 1_000_001])).toBe(false);
});
