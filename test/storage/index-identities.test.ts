/** Identities in the index: documents that are changed as a whole, each change decided on a revision. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Index } from '../../src/meta/types.ts';
import { IndexFixture, rejection } from './index-fixture.ts';

let fixture: IndexFixture;
let index: Index;

const alice = { account: '1', kind: 'user', name: 'alice' };
const team = { account: '1', kind: 'group', name: 'team' };

beforeEach(async () => {
  fixture = new IndexFixture();
  index = await fixture.open();
});
afterEach(async () => {
  await index.close();
  fixture.remove();
});

test('documents are set, replaced and removed → the last change is what is read', async () => {
  expect(await index.getIdentities()).toEqual({ revision: 0, documents: [] });
  const both = [
    { ...alice, document: '{"a":1}' },
    { ...team, document: '{}' },
  ];
  await index.submit({ type: 'set-identities', revision: 0, changes: both });
  await index.submit({ type: 'set-identities', revision: 1, changes: [{ ...alice, document: '{"a":2}' }] });
  await index.submit({ type: 'set-identities', revision: 2, changes: [{ ...team, document: null }] });
  expect(await index.getIdentities()).toEqual({ revision: 3, documents: [{ ...alice, document: '{"a":2}' }] });
});

test('a change that was decided on another revision → rejected, and nothing of it is done', async () => {
  await index.submit({ type: 'set-identities', revision: 0, changes: [{ ...alice, document: '{}' }] });
  const late = { type: 'set-identities', revision: 0, changes: [{ ...alice, document: null }] } as const;
  expect(await rejection(index.submit(late))).toBe('StaleIdentities');
  expect(await index.getIdentities()).toEqual({ revision: 1, documents: [{ ...alice, document: '{}' }] });
});

test('two changes of one revision at once → the first is done, the second rejected', async () => {
  const change = (document: string) => ({
    type: 'set-identities' as const,
    revision: 0,
    changes: [{ ...alice, document }],
  });
  const [first, second] = await Promise.allSettled([index.submit(change('"a"')), index.submit(change('"b"'))]);
  expect([first.status, second.status]).toEqual(['fulfilled', 'rejected']);
  expect((await index.getIdentities()).documents).toEqual([{ ...alice, document: '"a"' }]);
});

test('the database is lost → the log brings the identities and their revision back', async () => {
  await index.submit({ type: 'set-identities', revision: 0, changes: [{ ...alice, document: '{"a":1}' }] });
  await index.close();
  fixture.removeDatabases();
  index = await fixture.open();
  expect(await index.getIdentities()).toEqual({ revision: 1, documents: [{ ...alice, document: '{"a":1}' }] });
});
