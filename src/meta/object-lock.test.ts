import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allowsRemoval, allowsRetention, mergedLock, type SourceLock } from './object-lock.ts';
import type { ObjectLock, Retention } from './records.ts';

const atMs = 1000;
const governance = { mode: 'GOVERNANCE', untilMs: 2000 } as const;
const compliance = { mode: 'COMPLIANCE', untilMs: 2000 } as const;
const over = { mode: 'COMPLIANCE', untilMs: atMs } as const;
const by = (retention?: Retention, legalHold?: 'ON' | 'OFF'): ObjectLock => ({
  revision: 1,
  ...(retention && { retention }),
  ...(legalHold && { legalHold }),
});
const bypass = { atMs, bypassesGovernance: true } as const;

describe('removal', () => {
  test.for<[what: string, lock: ObjectLock | undefined, without: boolean, bypassing: boolean]>([
    ['never locked', undefined, true, true],
    ['governance', by(governance), false, true],
    ['compliance', by(compliance), false, false],
    ['a retention that is over', by(over), true, true],
    ['a legal hold', by(undefined, 'ON'), false, false],
    ['a legal hold beside a retention that is over', by(over, 'ON'), false, false],
    ['a legal hold that was taken off', by(undefined, 'OFF'), true, true],
  ])('%s', ([, lock, without, bypassing]) => {
    expect([allowsRemoval(lock, { atMs }), allowsRemoval(lock, bypass)]).toEqual([without, bypassing]);
  });

  test('nobody says what time it is → no retention is over', () => {
    expect(allowsRemoval(by(over), {})).toBe(false);
  });
});

describe('another retention', () => {
  const longer = (retention: Retention) => ({ ...retention, untilMs: retention.untilMs + 1 });
  const shorter = (retention: Retention) => ({ ...retention, untilMs: retention.untilMs - 1 });
  test.for<[what: string, now: Retention, next: Retention | undefined, without: boolean, bypassing: boolean]>([
    ['governance, the same', governance, governance, true, true],
    ['governance, longer', governance, longer(governance), true, true],
    ['governance, shorter', governance, shorter(governance), false, true],
    ['governance to compliance', governance, longer(compliance), false, true],
    ['governance, none', governance, undefined, false, true],
    ['compliance, the same', compliance, compliance, true, true],
    ['compliance, longer', compliance, longer(compliance), true, true],
    ['compliance, shorter', compliance, shorter(compliance), false, false],
    ['compliance to governance', compliance, longer(governance), false, false],
    ['compliance, none', compliance, undefined, false, false],
    ['over, anything', over, shorter(governance), true, true],
  ])('%s', ([, now, next, without, bypassing]) => {
    const allowed = [allowsRetention(by(now), next, { atMs }), allowsRetention(by(now), next, bypass)];
    expect(allowed).toEqual([without, bypassing]);
  });
});

describe('replicas', () => {
  const retention = fc.record({
    mode: fc.constantFrom('GOVERNANCE' as const, 'COMPLIANCE' as const),
    untilMs: fc.integer({ min: 1001, max: 1003 }),
  });
  const source: fc.Arbitrary<SourceLock> = fc
    .record({
      retention: fc.option(retention, { nil: undefined }),
      retentionSetMs: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
      legalHold: fc.option(fc.constantFrom('ON' as const, 'OFF' as const), { nil: undefined }),
      legalHoldSetMs: fc.integer({ min: 0, max: 3 }),
    })
    .map(({ retention: kept, retentionSetMs, legalHold, legalHoldSetMs }) => ({
      ...(retentionSetMs !== undefined && { retentionSetMs, ...(kept && { retention: kept }) }),
      ...(legalHold && { legalHold, legalHoldSetMs }),
    }));
  const said = ({ retention: kept, legalHold }: SourceLock) => ({ until: kept?.untilMs, mode: kept?.mode, legalHold });

  test('two servers hear of each other → both have the same, and what is in compliance is not shorter', () => {
    fc.assert(
      fc.property(source, source, (one, other) => {
        const [here, there] = [
          mergedLock({ revision: 1, ...one }, other, atMs),
          mergedLock({ revision: 7, ...other }, one, atMs),
        ];
        // The modes of two that were set in one moment and last equally long are the only tie.
        fc.pre(one.retentionSetMs !== other.retentionSetMs || one.retention?.untilMs !== other.retention?.untilMs);
        expect(said(here ?? {})).toEqual(said(there ?? {}));
        for (const { retention: kept } of [one, other]) {
          if (kept?.mode === 'COMPLIANCE') expect(here?.retention?.untilMs).toBeGreaterThanOrEqual(kept.untilMs);
        }
      }),
    );
  });

  test('nothing new → the same value; something new → one revision more', () => {
    const own = { ...by(governance, 'ON'), retentionSetMs: 5, legalHoldSetMs: 5 };
    expect(mergedLock(own, { legalHold: 'OFF', legalHoldSetMs: 4 }, atMs)).toBe(own);
    expect(mergedLock(own, { legalHold: 'OFF', legalHoldSetMs: 6 }, atMs)).toEqual({
      ...own,
      ...{ revision: 2, legalHold: 'OFF', legalHoldSetMs: 6 },
    });
  });

  test('the default of the own bucket gives way to whatever the source sets, and to its removal', () => {
    const own = { ...by(governance), retentionSetMs: 0 };
    expect(mergedLock(own, { retentionSetMs: 3 }, atMs)).toEqual({ revision: 2, retentionSetMs: 3 });
    expect(mergedLock(own, { legalHold: 'ON', legalHoldSetMs: 3 }, atMs)?.retention).toEqual(governance);
  });
});
