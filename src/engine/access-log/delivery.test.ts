import { expect, test } from 'vitest';
import { logKey } from './delivery.ts';
import type { LogSource } from './source.ts';

const bucket = { id: 1, name: 'photos', region: 'eu-west-1', owner: 'o', createdMs: 0, versioning: 'Enabled' } as const;
const facts = {
  accountId: '111122223333',
  day: Date.UTC(2026, 2, 4) / 86_400_000,
  nowMs: Date.UTC(2026, 2, 5, 6, 7, 8),
  unique: 'E568B2907131C0C0',
};

test.for<[LogSource['configuration']['keys'], string]>([
  [undefined, 'logs/2026-03-05-06-07-08-E568B2907131C0C0'],
  ['simple', 'logs/2026-03-05-06-07-08-E568B2907131C0C0'],
  ['by delivery time', 'logs/111122223333/eu-west-1/photos/2026/03/05/2026-03-05-06-07-08-E568B2907131C0C0'],
  ['by event time', 'logs/111122223333/eu-west-1/photos/2026/03/04/2026-03-04-00-00-00-E568B2907131C0C0'],
])('keys %s → %s', ([keys, key]) => {
  const configuration = { target: 'logs', prefix: 'logs/', grants: [], ...(keys !== undefined && { keys }) };
  expect(logKey({ bucket, configuration }, facts)).toBe(key);
});
