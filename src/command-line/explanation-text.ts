/** An explanation of a decision as text. Pure. */
import type { ReadExplanation } from '../admin/explanation-schema.ts';
import { table } from './tables.ts';

type Statement = ReadExplanation['statements'][number];

export function explanationText({ principal, action, resource, outcome, sentence, ...rest }: ReadExplanation): string {
  const steps = rest.steps.map(({ step, says, why = '' }) => [step, says, why]);
  const verdict = outcome === 'allow' ? 'ALLOWED' : 'REFUSED';
  return [
    `${verdict}  ${action} on ${resource} as ${principal}`,
    `  ${sentence}`,
    '',
    table(steps),
    ...(rest.statements.length === 0 ? [] : ['', ...rest.statements.toSorted(byNearness).map(statementText)]),
  ].join('\n');
}

/** What applies first, then what came near it. */
function byNearness(a: Statement, b: Statement): number {
  return a.misses.length - b.misses.length;
}

function statementText(statement: Statement): string {
  const { effect, number, sid, policy, misses, conditions, document } = statement;
  const name = `statement ${number}${sid === undefined ? '' : ` (${sid})`} of ${policy}`;
  const standing = misses.length === 0 ? 'applies' : `does not apply, by its ${misses.join(', ')}`;
  // Of what is about something else nobody needs to see the conditions.
  const isNear = misses.every((element) => element === 'Condition');
  return [
    `  ${effect}: ${name} ${standing}`,
    ...(isNear ? conditions.map(conditionText) : []),
    ...(isNear
      ? [`    ${JSON.stringify(document)}`]
      : misses.map((element) => `    ${elementText(element, document)}`)),
  ].join('\n');
}

function conditionText({ operator, key, expected, actual, holds }: Statement['conditions'][number]): string {
  const found = actual === undefined ? 'no value' : JSON.stringify(actual);
  return `    ${operator} ${key} ${JSON.stringify(expected)}: the request has ${found}, it ${holds ? 'holds' : 'fails'}`;
}

function elementText(element: string, document: Statement['document']): string {
  const name = element in document ? element : `Not${element}`;
  return `${name}: ${JSON.stringify(document[name] ?? null)}`;
}
