import { describe, expect, test } from 'vitest';
import { compare, type ExpectedFailure, readExpectedFailures, readOutcomes } from './verdict.ts';

const outcome = (name: string, result: string, group = 'copy') => ({
  test: name,
  group,
  outcome: result,
  message: 'why\nmore',
});
const listed: readonly ExpectedFailure[] = [{ test: 't.py::known', reason: 'AWS answers otherwise' }];

describe('verdict over a run of s3-tests', () => {
  test('all passed, the listed one failed → right', () => {
    const verdict = compare([outcome('t.py::a', 'passed'), outcome('t.py::known', 'failed')], listed);
    expect(verdict.isRight).toBe(true);
    expect(verdict.text).toContain('AWS-valid: 1 of 2 passed; as expected');
  });

  test('failure that is not listed → wrong, with its name and first line', () => {
    const verdict = compare([outcome('t.py::a', 'failed'), outcome('t.py::b', 'error')], listed);
    expect(verdict.isRight).toBe(false);
    expect(verdict.text).toContain('unexpected failure  t.py::a\n    why\nunexpected failure  t.py::b');
  });

  test('a skipped test → right', () => {
    expect(compare([outcome('t.py::a', 'skipped')], listed).isRight).toBe(true);
  });

  test('listed failure that passes → wrong', () => {
    const verdict = compare([outcome('t.py::known', 'passed')], listed);
    expect(verdict.isRight).toBe(false);
    expect(verdict.text).toContain('unexpected pass     t.py::known');
  });

  test('result file → AWS-valid tests alone, by file and name', () => {
    const row = { id: 's3tests/functional/test_s3.py::test_x', group: 'copy', outcome: 'passed', message: '' };
    const json = JSON.stringify({
      tests: [
        { ...row, cls: 'aws' },
        { ...row, cls: 'rgw' },
      ],
    });
    expect(readOutcomes(json)).toEqual([{ test: 'test_s3.py::test_x', group: 'copy', outcome: 'passed', message: '' }]);
  });

  test('expected failure without a reason → refused', () => {
    expect(() => readExpectedFailures('[{"test":"t.py::x","reason":""}]')).toThrow('reason');
  });
});
