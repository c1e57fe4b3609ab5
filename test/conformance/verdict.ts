/** Compares a result of the s3-tests runner with the failures that are expected and explained. */
import { z } from 'zod';

const resultSchema = z.object({
  tests: z.array(
    z.object({ id: z.string(), cls: z.string(), group: z.string(), outcome: z.string(), message: z.string() }),
  ),
});
const expectedSchema = z.array(z.strictObject({ test: z.string(), reason: z.string().min(10) }));

export interface Outcome {
  /** `test_s3.py::test_name`, with the parameters if it has any. */
  readonly test: string;
  readonly group: string;
  readonly outcome: string;
  readonly message: string;
}

export interface ExpectedFailure {
  readonly test: string;
  readonly reason: string;
}

export interface Verdict {
  readonly isRight: boolean;
  /** What to print: a table of the groups, then whatever was not expected. */
  readonly text: string;
}

/** The AWS-valid tests of a result. Throws if the text is no result. */
export function readOutcomes(json: string): readonly Outcome[] {
  const { tests } = resultSchema.parse(JSON.parse(json));
  return tests
    .filter(({ cls }) => cls === 'aws')
    .map(({ id, group, outcome, message }) => ({ test: id.split('/').at(-1) ?? id, group, outcome, message }));
}

export function readExpectedFailures(json: string): readonly ExpectedFailure[] {
  return expectedSchema.parse(JSON.parse(json));
}

export function compare(outcomes: readonly Outcome[], expected: readonly ExpectedFailure[]): Verdict {
  const reasons = new Map(expected.map(({ test, reason }) => [test, reason]));
  const failed = outcomes.filter(({ outcome }) => outcome === 'failed' || outcome === 'error');
  const unexpected = failed.filter(({ test }) => !reasons.has(test));
  const mended = outcomes.filter(({ test, outcome }) => outcome === 'passed' && reasons.has(test));
  const lines = [
    ...tableOf(outcomes, reasons),
    '',
    ...unexpected.map(({ test, message }) => `unexpected failure  ${test}\n    ${message.split('\n')[0]}`),
    ...mended.map(({ test }) => `unexpected pass     ${test}: take it off expected-failures.json`),
  ];
  const isRight = unexpected.length === 0 && mended.length === 0;
  const passed = outcomes.filter(({ outcome }) => outcome === 'passed').length;
  lines.push(`AWS-valid: ${passed} of ${outcomes.length} passed; ${isRight ? 'as expected' : 'NOT as expected'}`);
  return { isRight, text: lines.join('\n') };
}

function tableOf(outcomes: readonly Outcome[], reasons: ReadonlyMap<string, string>): readonly string[] {
  const groups = Map.groupBy(outcomes, ({ group }) => group);
  const width = Math.max(...[...groups.keys()].map((group) => group.length));
  return [...groups].map(([group, tests]) => {
    const passed = tests.filter(({ outcome }) => outcome === 'passed').length;
    const explained = tests.filter(({ test, outcome }) => outcome !== 'passed' && reasons.has(test)).length;
    const note = explained > 0 ? `  ${explained} explained` : '';
    return `${group.padEnd(width)}  ${String(passed).padStart(3)} of ${String(tests.length).padStart(3)}${note}`;
  });
}
