import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateTable } from './generate.ts';
import type { ServiceSchema, Type } from './schema.ts';
import { iamTable, stsTable } from './table.generated.ts';

test('the committed table is what the SDKs of today generate', () => {
  const committed = readFileSync(new URL('./table.generated.ts', import.meta.url), 'utf8');
  expect(generateTable()).toBe(committed);
});

function structuresIn(type: Type): readonly string[] {
  if (typeof type === 'string') return [];
  if ('structure' in type) return [type.structure];
  return structuresIn('list' in type ? type.list : type.map);
}

test.for<readonly [string, ServiceSchema, number]>([
  ['iam', iamTable, 180],
  ['sts', stsTable, 11],
])('%s: every operation is there, and every structure that is named', ([, { operations, structures }, count]) => {
  expect(Object.keys(operations)).toHaveLength(count);
  const named = [
    ...Object.values(operations).flatMap(({ input, output }) => [input, output].filter((name) => name !== undefined)),
    ...Object.values(structures).flatMap((members) => members.flatMap(([, type]) => structuresIn(type))),
  ];
  expect(named.filter((name) => structures[name] === undefined)).toEqual([]);
});

test('required members are marked, optional ones are not', () => {
  const members = iamTable.structures['CreateUserRequest'];
  expect(members?.filter(([, , isRequired]) => isRequired).map(([name]) => name)).toEqual(['UserName']);
  expect(members?.map(([name]) => name)).toContain('PermissionsBoundary');
});
