/** Archives and the clock: when a restored version can be read, and for how long. */
import { expect, test } from 'vitest';
import { bodyOf, EngineStore, plain } from '../support/engine-store.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

test.each([
  ['GLACIER', 'Expedited', hourMs / 12],
  ['GLACIER', 'Standard', 5 * hourMs],
  ['GLACIER', 'Bulk', 12 * hourMs],
  ['DEEP_ARCHIVE', 'Standard', 12 * hourMs],
  ['DEEP_ARCHIVE', 'Bulk', 2 * dayMs],
] as const)(
  '%s, %s → read %i ms later, until the end of the day in which its days are over',
  async (storageClass, tier, delayMs) => {
    await using store = await EngineStore.open();
    const bucket = await store.newBucket();
    const { archives, objects } = store.engine;
    const attributes = { ...plain, storageClass };
    await objects.put({ bucket, key: 'k', source: bodyOf(Buffer.from('x')), attributes });
    const state = async () => archives.stateOf(await objects.find(bucket, 'k')).kind;
    store.nowMs = Date.parse('2026-11-01T10:30:00Z');
    expect(await state()).toBe('archived');
    expect(await archives.restore({ bucket, key: 'k', versionId: undefined, days: 3, tier })).toBe('begun');
    const readyMs = store.nowMs + delayMs;
    store.nowMs = readyMs - 1;
    expect(await state()).toBe('restoring');
    store.nowMs = readyMs;
    expect(await state()).toBe('restored');
    // As after a crash, or when the index comes from another zone: what was committed says it all.
    await store.reopen();
    store.nowMs = Math.floor(readyMs / dayMs) * dayMs + 4 * dayMs - 1;
    expect(archives.stateOf(await store.engine.objects.find(bucket, 'k')).kind).toBe('restored');
    store.nowMs += 1;
    expect(archives.stateOf(await store.engine.objects.find(bucket, 'k')).kind).toBe('archived');
  },
);
