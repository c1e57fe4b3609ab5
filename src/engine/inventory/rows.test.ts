import { expect, test } from 'vitest';
import type { Version } from '../../meta/records.ts';
import { RowWriter } from './rows.ts';

const dayLengthMs = 86_400_000;
const writtenMs = Date.parse('2026-01-01T10:30:00.500Z');
const facts = { bucketName: 'b', rules: [], nowMs: writtenMs + 40 * dayLengthMs, dayLengthMs };
const fields = ['IntelligentTieringAccessTier', 'IntelligentTieringReferenceDate'] as const;
const writer = new RowWriter({ versions: 'Current', fields }, facts);

test.each([
  ['read at once', {}, {}, '"INFREQUENT","2026-01-01T10:30:00.000Z"'],
  ['read since', {}, { tiering: { accessedMs: facts.nowMs } }, '"FREQUENT","2026-02-10T10:30:00.000Z"'],
  ['archived', {}, { tiering: { archive: { tier: 'ARCHIVE_ACCESS' } } }, '"ARCHIVE","2026-01-01T10:30:00.000Z"'],
  ['not monitored', { size: 1 }, {}, '"FREQUENT",""'],
  ['of another class', {}, { storageClass: 'STANDARD' }, '"",""'],
  ['a delete marker', { isDeleteMarker: true }, {}, '"",""'],
])('tiers of Intelligent-Tiering: %s → %4$s', (_, different, attributes, columns) => {
  const version = {
    ...{ key: 'k', size: 128 * 1024, lastModifiedMs: writtenMs, isDeleteMarker: false, ...different },
    attributes: { storageClass: 'INTELLIGENT_TIERING', ...attributes },
  } as Version;
  expect(writer.write(version)).toBe(`"b","k",${columns}\n`);
});

test.each([
  ['never', undefined, '"","","OFF"'],
  ['held', { revision: 1, legalHold: 'ON' }, '"","","ON"'],
  [
    'retained',
    { revision: 2, retention: { mode: 'COMPLIANCE', untilMs: Date.parse('2030-01-01T00:00:00Z') }, legalHold: 'OFF' },
    '"2030-01-01T00:00:00.000Z","COMPLIANCE","OFF"',
  ],
])('locked: %s → %3$s', (_, lock, columns) => {
  const locks = ['ObjectLockRetainUntilDate', 'ObjectLockMode', 'ObjectLockLegalHoldStatus'] as const;
  const version = { key: 'k', attributes: { storageClass: 'STANDARD', lock } } as Version;
  expect(new RowWriter({ versions: 'Current', fields: locks }, facts).write(version)).toBe(`"b","k",${columns}\n`);
});

test.each([
  ['nothing', undefined, '"NOT-SSE","DISABLED"'],
  ['the server', { kind: 'SSE-S3', serverKey: '00' }, '"SSE-S3","DISABLED"'],
  ['KMS', { kind: 'SSE-KMS', keyArn: '', context: {}, sealed: '' }, '"SSE-KMS","DISABLED"'],
  [
    'KMS with a bucket key',
    { kind: 'SSE-KMS', keyArn: '', context: {}, sealed: '', bucketKey: true },
    '"SSE-KMS","ENABLED"',
  ],
])('encrypted by %s → %3$s', (_, encryption, columns) => {
  const version = { key: 'k', attributes: { storageClass: 'STANDARD', encryption } } as unknown as Version;
  const writer = new RowWriter({ versions: 'Current', fields: ['EncryptionStatus', 'BucketKeyStatus'] }, facts);
  expect(writer.write(version)).toBe(`"b","k",${columns}\n`);
});
