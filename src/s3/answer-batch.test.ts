import { expect, test } from 'vitest';
import { AnswerBatch } from './answer-batch.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('answers of one turn → leave in their order at its end, those of the next one at its own', async () => {
  const batch = new AnswerBatch();
  const sent: string[] = [];
  batch.add(() => sent.push('a'));
  await Promise.resolve();
  batch.add(() => sent.push('b'));
  expect(sent).toEqual([]);
  await nextTurn();
  expect(sent).toEqual(['a', 'b']);
  batch.add(() => sent.push('c'));
  expect(sent).toEqual(['a', 'b']);
  await nextTurn();
  expect(sent).toEqual(['a', 'b', 'c']);
});

test('many answers in one turn → none waits for more than fifteen others', async () => {
  const batch = new AnswerBatch();
  let sent = 0;
  for (let added = 0; added < 40; added++) {
    batch.add(() => sent++);
    expect(added + 1 - sent).toBeLessThan(16);
  }
  await nextTurn();
  expect(sent).toBe(40);
});
