import { expect, test } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

test('bytes that are free → taken at once; given back twice → counted once', async () => {
  const budget = new ByteBudget(100);
  const giveBack = await budget.take(60);
  expect(budget.freeBytes).toBe(40);
  giveBack();
  giveBack();
  expect(budget.freeBytes).toBe(100);
});

test('too few bytes free → takers wait, and get them in the order of asking', async () => {
  const budget = new ByteBudget(100);
  const first = await budget.take(80);
  const order: string[] = [];
  const take = async (name: string, bytes: number) => {
    await budget.take(bytes);
    order.push(name);
  };
  const large = take('large', 90);
  // It would fit now, but the one before it would then wait for ever.
  const small = take('small', 10);
  await Promise.resolve();
  expect(order).toEqual([]);
  first();
  await Promise.all([large, small]);
  expect(order).toEqual(['large', 'small']);
  expect(budget.freeBytes).toBe(0);
});

test('more than the whole budget → granted when all of it is free', async () => {
  const budget = new ByteBudget(100);
  const giveBack = await budget.take(1000);
  expect(budget.freeBytes).toBe(0);
  giveBack();
  expect(budget.freeBytes).toBe(100);
});

test('not given back in time → undefined, and those behind are served', async () => {
  const budget = new ByteBudget(100);
  const giveBack = await budget.take(60);
  const large = budget.takeWithin(80, { waitMsMax: 20 });
  const small = budget.take(40);
  expect(await large).toBeUndefined();
  (await small)();
  giveBack();
  expect(budget.freeBytes).toBe(100);
  expect(await budget.takeWithin(100, { waitMsMax: 20 })).toBeDefined();
});
