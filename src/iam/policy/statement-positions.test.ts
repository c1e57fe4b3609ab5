import { expect, test } from 'vitest';
import { statementPositions } from './statement-positions.ts';

const at = (line: number, column: number) => ({ line, column });

test('a list of statements → each from its brace to behind its last', () => {
  const text = `{
    "Version": "2012-10-17",
    "Statement": [{
        "Sid": "a ] } \\" {",
        "Condition": {"StringEquals": {"Statement": ["x"]}}
    }, {"Effect": "Deny"}]
}`;
  expect(statementPositions(text)).toEqual([
    { start: at(3, 19), end: at(6, 6) },
    { start: at(6, 8), end: at(6, 26) },
  ]);
});

test('one statement without a list, and members around it → found', () => {
  expect(statementPositions('{"Id":"Statement","Statement":{"a":{}},"x":{}}')).toEqual([
    { start: at(1, 31), end: at(1, 39) },
  ]);
});
