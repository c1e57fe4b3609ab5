import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('work of one key → one after another, also after one that fails; of another key → beside it', async () => {
  const turns = new Turns<string>();
  const seen: string[] = [];
  const first = Promise.withResolvers<void>();
  const one = turns.take('a', async () => {
    seen.push('one begins');
    await first.promise;
    seen.push('one ends');
    throw new Error('one failed');
  });
  const two = turns.take('a', async () => seen.push('two'));
  await turns.take('b', async () => seen.push('beside'));
  expect(seen).toEqual(['one begins', 'beside']);
  first.resolve();
  await expect(one).rejects.toThrow('one failed');
  await two;
  expect(seen).toEqual(['one begins', 'beside', 'one ends', 'two']);
});
