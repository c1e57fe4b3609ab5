import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateTable } from './generate.ts';
import type { MemberSchema, Type } from './schema.ts';
import { enumTable, operationTable, structureTable } from './table.generated.ts';

const operations = Object.entries(operationTable);

test('the committed table is what the SDK of today generates', () => {
  const committed = readFileSync(new URL('./table.generated.ts', import.meta.url), 'utf8');
  expect(generateTable()).toBe(committed);
});

test('the table has all 112 operations of S3 and six of S3 Control, each whole', () => {
  expect(operations.filter(([, { target }]) => target !== 'account')).toHaveLength(112);
  expect(operations).toHaveLength(112 + 6);
  for (const [name, operation] of operations) {
    expect(['GET', 'HEAD', 'PUT', 'POST', 'DELETE'], name).toContain(operation.method);
    expect(operation.status, name).toBeGreaterThanOrEqual(200);
    expect(operation.status, name).toBeLessThan(300);
    const labels = operation.input.members.filter((member) => member.in === 'label').map((member) => member.name);
    const account = operation.path === 'tags' ? ['ResourceArn'] : [];
    const expected = { service: [], bucket: ['Bucket'], object: ['Bucket', 'Key'], account }[operation.target];
    expect(labels, name).toEqual(name === 'WriteGetObjectResponse' ? [] : expected);
  }
});

function membersOf(): readonly (readonly [string, readonly MemberSchema[]])[] {
  return [
    ...operations.flatMap(([name, operation]) => [
      [`${name} input`, operation.input.members] as const,
      [`${name} output`, operation.output.members] as const,
    ]),
    ...Object.entries(structureTable),
  ];
}

function checkReferences(type: Type, where: string): void {
  if (typeof type === 'string') return;
  if ('list' in type) checkReferences(type.list, where);
  else if ('enum' in type) expect(enumTable[type.enum]?.length, where).toBeGreaterThan(0);
  else expect(structureTable[type.structure], where).toBeDefined();
}

test('every reference resolves, every wire name is used once, and a message has one body', () => {
  for (const [owner, members] of membersOf()) {
    const seen = new Set<string>();
    for (const member of members) {
      checkReferences(member.type, `${owner}.${member.name}`);
      const place = `${member.in} ${member.as}`;
      expect(seen, `${owner}: ${place}`).not.toContain(place);
      seen.add(place);
    }
    const payloads = members.filter((member) => member.in === 'payload').length;
    const elements = members.filter((member) => member.in === 'element').length;
    expect(payloads, owner).toBeLessThanOrEqual(1);
    expect(payloads === 1 && elements > 0, owner).toBe(false);
  }
});

test('header names are lower case, and a list in XML is flat or names its items', () => {
  for (const [owner, members] of membersOf()) {
    for (const member of members) {
      const where = `${owner}.${member.name}`;
      if (member.in === 'header' || member.in === 'prefix-headers')
        expect(member.as, where).toBe(member.as.toLowerCase());
      if (typeof member.type !== 'object' || !('list' in member.type) || member.in !== 'element') continue;
      expect([member.flat === true, member.item !== undefined], where).toContain(true);
      expect(member.flat === true && member.item !== undefined, where).toBe(false);
    }
  }
});

test('a checksum is required of the requests that configure, not of uploads', () => {
  expect(operationTable.DeleteObjects.checksumRequired).toBe(true);
  expect(operationTable.PutBucketTagging.checksumRequired).toBe(true);
  expect(operationTable.PutObject.checksumRequired).toBeUndefined();
  expect(operationTable.CreateBucket.checksumRequired).toBeUndefined();
});

test('enumerations come with their members', () => {
  expect(enumTable['BucketVersioningStatus']).toEqual(['Enabled', 'Suspended']);
  const versioning = structureTable['VersioningConfiguration']?.find((member) => member.name === 'Status');
  expect(versioning?.type).toEqual({ enum: 'BucketVersioningStatus' });
});
