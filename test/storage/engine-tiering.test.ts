/** Access tiers of Intelligent-Tiering: the job and the notes of reads on a real store, whose clock the test moves. */
import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import { storageFigures } from '../../src/admin/storage-metrics.ts';
import { writeEventRules } from '../../src/engine/events/rules.ts';
import { serviceCause } from '../../src/engine/events/service-cause.ts';
import type { Command } from '../../src/meta/commands.ts';
import type { EngineStore } from '../support/engine-store.ts';
import { ruleWith, runPass as runLifecycle, runSteps, setRules } from '../support/lifecycle-job.ts';
import { withRebuilt } from '../support/rebuilt-engine.ts';
import {
  access,
  archiving,
  monitored,
  openStore,
  optIn,
  passDays,
  put,
  runPass,
  stateOf,
  tiered,
  tieringJob,
  tierOf,
} from '../support/tiering-store.ts';

/** All commands that are submitted from now on. */
function watchCommands({ index }: EngineStore): Command[] {
  const seen: Command[] = [];
  const submit = index.submit.bind(index);
  index.submit = (command) => {
    seen.push(command);
    return submit(command);
  };
  return seen;
}

test('reads of a day → one command for all of them, and none for what is small or of another class', async () => {
  const { store, bucket } = await openStore();
  for (const key of ['a', 'b', 'c']) await put(store, bucket, key);
  await put(store, bucket, 'small', monitored.subarray(1));
  await store.put(bucket, 'standard', monitored);
  passDays(store, 3);
  const commands = watchCommands(store);
  for (const key of ['a', 'a', 'b', 'small', 'standard', 'a']) await access(store, bucket, key);
  expect(commands).toEqual([]);
  expect(store.engine.tiering.notes()).toEqual({ waiting: 2, noted: 0, missed: 0 });
  expect(await runPass(store)).toMatchObject({ readsNoted: 2, readsWaiting: 0 });
  const atMs = store.nowMs;
  const accesses = [
    { key: 'a', atMs },
    { key: 'b', atMs },
  ];
  expect(commands.filter(({ type }) => type === 'note-accesses')).toMatchObject([{ accesses }]);
  store.nowMs += 1000;
  await access(store, bucket, 'a');
  expect(store.engine.tiering.notes()).toMatchObject({ waiting: 0 });
});

test('30 and 90 days without access → colder tiers by themselves; a read brings it back, HEAD does not', async () => {
  const { store, bucket } = await openStore();
  await put(store, bucket, 'k');
  passDays(store, 30);
  expect(await tierOf(store, bucket, 'k')).toBe('INFREQUENT_ACCESS');
  passDays(store, 60);
  expect(await tierOf(store, bucket, 'k')).toBe('ARCHIVE_INSTANT_ACCESS');
  await access(store, bucket, 'k');
  await runPass(store);
  expect(await tierOf(store, bucket, 'k')).toBe('FREQUENT_ACCESS');
  await store.reopen();
  passDays(store, 29);
  expect(await tierOf(store, bucket, 'k')).toBe('FREQUENT_ACCESS');
  passDays(store, 0);
  expect(await tierOf(store, bucket, 'k')).toBe('INFREQUENT_ACCESS');
});

test('a process that dies → forgets what was read since the last batch, and nothing else', async () => {
  const { store, bucket } = await openStore();
  for (const key of ['before', 'since']) await put(store, bucket, key);
  passDays(store, 40);
  await access(store, bucket, 'before');
  await runSteps(store, tieringJob(store), 1);
  await access(store, bucket, 'since');
  await store.reopen();
  expect(await tierOf(store, bucket, 'before')).toBe('FREQUENT_ACCESS');
  expect(await tierOf(store, bucket, 'since')).toBe('INFREQUENT_ACCESS');
});

test('a batch that cannot be written → kept, and written with the next', async () => {
  const { store, bucket } = await openStore();
  await put(store, bucket, 'k');
  passDays(store, 1);
  await access(store, bucket, 'k');
  const { index } = store;
  const submit = index.submit.bind(index);
  index.submit = () => Promise.reject(new Error('no quorum'));
  await expect(store.engine.tiering.writeNotes()).rejects.toThrow('no quorum');
  expect(store.engine.tiering.notes()).toMatchObject({ waiting: 1, noted: 0 });
  await store.engine.tiering.close();
  index.submit = submit;
  await store.engine.tiering.close();
  expect(store.engine.tiering.notes()).toMatchObject({ waiting: 0, noted: 1 });
});

test('opted in → archived with the end of the days, no moment before, told of once; a bucket that is not stays', async () => {
  const { store, bucket } = await openStore();
  const other = await store.newBucket('other');
  for (const one of [bucket, other]) await put(store, one, 'k');
  await optIn(store, bucket, archiving);
  const rule = { kind: 'queue' as const, id: 'told', target: 'queue', filters: [], prefix: '', suffix: '' };
  await writeEventRules(store.engine.buckets, bucket, [{ ...rule, events: ['s3:IntelligentTiering'] }]);
  passDays(store, 90);
  store.nowMs -= 1;
  expect(await runPass(store)).toMatchObject({ archived: 0 });
  store.nowMs += 1;
  expect(await runPass(store)).toMatchObject({ archived: 1 });
  expect(await stateOf(store, bucket, 'k')).toEqual({ kind: 'archived', accessTier: 'ARCHIVE_ACCESS' });
  expect(await runPass(store)).toMatchObject({ archived: 0 });
  passDays(store, 89);
  expect(await runPass(store)).toMatchObject({ archived: 1 });
  expect(await stateOf(store, bucket, 'k')).toEqual({ kind: 'archived', accessTier: 'DEEP_ARCHIVE_ACCESS' });
  expect(await stateOf(store, other, 'k')).toEqual({ kind: 'readable' });
  const told = await store.engine.outbox.list({ target: 'queue', after: 0, limit: 10 });
  const event = { event: 'IntelligentTiering', key: 'k', requester: 's3.amazonaws.com' };
  expect(told.map((entry) => entry.event)).toMatchObject([
    { ...event, accessTier: 'ARCHIVE_ACCESS' },
    { ...event, accessTier: 'DEEP_ARCHIVE_ACCESS' },
  ]);
});

test('read a moment before the pass, noted or written → not archived; read after → not brought back', async () => {
  const { store, bucket } = await openStore();
  for (const key of ['noted', 'written', 'unread']) await put(store, bucket, key);
  await optIn(store, bucket, archiving);
  passDays(store, 90);
  await access(store, bucket, 'written');
  const { engine, index } = store;
  const glance = index.glanceAtVersions.bind(index);
  index.glanceAtVersions = async (query) => {
    const page = await glance(query);
    await engine.tiering.writeNotes();
    await access(store, bucket, 'noted');
    return page;
  };
  // What the walk looks at is older than the batch that it is begun with.
  const walk = engine.tiering.walk('bucket', {});
  const figures = { lookedAt: 0, archived: 0, leftAlone: 0 };
  const unread = await engine.objects.find(bucket, 'unread');
  while (!(await walk.step({ nowMs: store.nowMs, limit: 500 }, figures)));
  expect(figures).toEqual({ lookedAt: 3, archived: 1, leftAlone: 1 });
  index.glanceAtVersions = glance;
  expect(await stateOf(store, bucket, 'noted')).toEqual({ kind: 'readable' });
  expect(await stateOf(store, bucket, 'written')).toEqual({ kind: 'readable' });
  // A read that was begun before it was archived, and noted after.
  engine.tiering.noteAccess(unread);
  await engine.tiering.writeNotes();
  expect(await stateOf(store, bucket, 'unread')).toEqual({ kind: 'archived', accessTier: 'ARCHIVE_ACCESS' });
});

test.each([
  ['ARCHIVE_ACCESS', 90, 'Standard', 5],
  ['ARCHIVE_ACCESS', 90, 'Bulk', 12],
  ['DEEP_ARCHIVE_ACCESS', 180, 'Standard', 12],
  ['DEEP_ARCHIVE_ACCESS', 180, 'Bulk', 48],
] as const)(
  '%s after %i days, restored as %s → read %i hours later, for good',
  async (accessTier, days, tier, hours) => {
    const { store, bucket } = await openStore();
    await put(store, bucket, 'k');
    await optIn(store, bucket, archiving);
    passDays(store, days);
    await runPass(store);
    const { archives } = store.engine;
    const request = { bucket, key: 'k', versionId: undefined, tier };
    await expect(archives.restore({ ...request, days: 1 })).rejects.toMatchObject({ code: 'RestoreDaysNamed' });
    const readyMs = store.nowMs + hours * 3_600_000;
    expect(await archives.restore(request)).toBe('begun');
    expect(await stateOf(store, bucket, 'k')).toEqual({ kind: 'restoring', accessTier });
    await expect(archives.restore(request)).rejects.toMatchObject({ code: 'RestoreAlreadyInProgress' });
    expect(await runPass(store)).toMatchObject({ archived: 0 });
    store.nowMs = readyMs - 1;
    expect(await stateOf(store, bucket, 'k')).toEqual({ kind: 'restoring', accessTier });
    store.nowMs = readyMs;
    await store.reopen();
    expect(await stateOf(store, bucket, 'k')).toEqual({ kind: 'readable' });
    await expect(store.engine.archives.restore(request)).rejects.toMatchObject({
      code: 'ObjectAlreadyInActiveTierError',
    });
    // Its days begin with the restore, also if nobody reads it.
    passDays(store, 90, readyMs);
    store.nowMs -= 1;
    expect(await runPass(store)).toMatchObject({ archived: 0 });
    store.nowMs += 1;
    expect(await runPass(store)).toMatchObject({ archived: 1 });
    expect(await stateOf(store, bucket, 'k')).toEqual({ kind: 'archived', accessTier: 'ARCHIVE_ACCESS' });
  },
);

test('restored, read and noted → told of as completed, and its days begin with the read', async () => {
  const { store, bucket } = await openStore();
  await put(store, bucket, 'k');
  await optIn(store, bucket, archiving);
  passDays(store, 90);
  await runPass(store);
  const { archives } = store.engine;
  const rule = { kind: 'queue' as const, id: 'told', target: 'queue', filters: [], prefix: '', suffix: '' };
  await writeEventRules(store.engine.buckets, bucket, [{ ...rule, events: ['s3:ObjectRestore:*'] }]);
  const cause = serviceCause();
  await archives.restore({ bucket, key: 'k', versionId: undefined, tier: 'Bulk', cause });
  // Faster than it is under way.
  expect(await archives.restore({ bucket, key: 'k', versionId: undefined, tier: 'Expedited', cause })).toBe('begun');
  store.nowMs += 300_000;
  passDays(store, 10);
  await access(store, bucket, 'k');
  await store.engine.tiering.writeNotes();
  expect(await archives.tellDue(10)).toEqual({ completed: 1, expired: 0, isDone: true });
  expect(await archives.tellDue(10)).toEqual({ completed: 0, expired: 0, isDone: true });
  const told = await store.engine.outbox.list({ target: 'queue', after: 0, limit: 10 });
  const storageClass = 'INTELLIGENT_TIERING';
  expect(told.map(({ event }) => event)).toMatchObject([
    { event: 'ObjectRestore:Post', storageClass },
    { event: 'ObjectRestore:Post', storageClass },
    { event: 'ObjectRestore:Completed', storageClass },
  ]);
  passDays(store, 89);
  expect(await runPass(store)).toMatchObject({ archived: 0 });
  passDays(store, 0);
  expect(await runPass(store)).toMatchObject({ archived: 1 });
});

test('filters → only what they name is looked at, and archived', async () => {
  const { store, bucket } = await openStore();
  for (const key of ['a/1', 'a/2', 'b/1', 'c/1']) await put(store, bucket, key);
  const tags = [{ key: 'age', value: 'old' }];
  await store.engine.objects.setTags({ bucket, key: 'a/1', versionId: undefined }, tags);
  await optIn(
    store,
    bucket,
    { ...archiving, id: '1', filter: { prefix: 'a/', tags } },
    { ...archiving, id: '2', filter: { prefix: 'b/', tags: [] } },
    { ...archiving, id: '3', isEnabled: false },
  );
  passDays(store, 90);
  expect(await runPass(store)).toMatchObject({ lookedAt: 3, archived: 2 });
  expect(await stateOf(store, bucket, 'a/2')).toEqual({ kind: 'readable' });
  expect(await stateOf(store, bucket, 'c/1')).toEqual({ kind: 'readable' });
});

test('what a client changes between the look and the command → stays as the client has it', async () => {
  const { store, bucket } = await openStore();
  const tags = [{ key: 'age', value: 'old' }];
  for (const key of ['deleted', 'overwritten', 'retagged', 'read']) {
    await put(store, bucket, key);
    await store.engine.objects.setTags({ bucket, key, versionId: undefined }, tags);
  }
  await optIn(store, bucket, { ...archiving, filter: { tags } });
  passDays(store, 90);
  const { engine, index } = store;
  const glance = index.glanceAtVersions.bind(index);
  index.glanceAtVersions = async (query) => {
    const page = await glance(query);
    await engine.objects.delete({ bucket, key: 'deleted', owner: 'o' });
    await put(store, bucket, 'overwritten');
    await engine.objects.setTags({ bucket, key: 'retagged', versionId: undefined }, 'none');
    await access(store, bucket, 'read');
    await engine.tiering.writeNotes();
    return page;
  };
  expect(await runPass(store)).toMatchObject({ archived: 0, leftAlone: 4 });
  index.glanceAtVersions = glance;
  for (const key of ['overwritten', 'retagged', 'read']) {
    expect(await stateOf(store, bucket, key), key).toEqual({ kind: 'readable' });
  }
});

test('an end after any step → a pass that goes on archives the rest, and each is told of once', async () => {
  const { store, bucket } = await openStore();
  await store.engine.buckets.setVersioning(bucket, 'Enabled');
  const versioned = await store.engine.buckets.get('bucket');
  const keys = Array.from({ length: 30 }, (_, i) => `k/${String(i).padStart(2, '0')}`);
  const shared = await put(store, versioned, 'source');
  for (const key of [...keys, 'k/05', 'k/05']) {
    await store.engine.objects.copy({ source: shared, bucket: versioned, key, attributes: tiered });
  }
  const filter = { prefix: 'k/', tags: [] };
  await optIn(store, versioned, { ...archiving, filter });
  const rule = { kind: 'queue' as const, id: 'told', target: 'queue', filters: [], prefix: '', suffix: '' };
  await writeEventRules(store.engine.buckets, versioned, [{ ...rule, events: ['s3:IntelligentTiering'] }]);
  passDays(store, 90);
  for (const steps of [1, 2, 3]) {
    const walk = store.engine.tiering.walk('bucket', {});
    const figures = { lookedAt: 0, archived: 0, leftAlone: 0 };
    for (let step = 0; step < steps; step++) await walk.step({ nowMs: store.nowMs, limit: 4 }, figures);
    expect(figures.archived).toBeGreaterThan(0);
    await store.reopen();
  }
  await runPass(store);
  const told = await store.engine.outbox.list({ target: 'queue', after: 0, limit: 100 });
  const names = told.map(({ event }) => ('versionId' in event ? `${event.key} ${event.versionId}` : ''));
  expect(names).toHaveLength(keys.length + 2);
  expect(new Set(names).size).toBe(names.length);
  expect(await runPass(store)).toMatchObject({ archived: 0 });
});

test('rules move it in → its days begin then; out of an archive tier → only to an archive, and into no tier', async () => {
  const { store, bucket } = await openStore();
  await store.put(bucket, 'k', monitored);
  await setRules(store, bucket, [ruleWith({ transitions: [{ days: 50, storageClass: 'INTELLIGENT_TIERING' }] })]);
  await optIn(store, bucket, archiving);
  passDays(store, 50);
  expect(await runLifecycle(store)).toMatchObject({ transitioned: 1 });
  const enteredMs = (await store.engine.objects.find(bucket, 'k')).attributes.tiering?.accessedMs;
  expect(enteredMs).toBeLessThanOrEqual(store.nowMs);
  await store.reopen();
  await withRebuilt(store, async ({ engine }) => {
    const found = await engine.objects.find(await engine.buckets.get('bucket'), 'k');
    expect(found.attributes.tiering).toEqual({ accessedMs: enteredMs });
  });
  passDays(store, 89, enteredMs);
  expect(await runPass(store)).toMatchObject({ archived: 0 });
  passDays(store, 0);
  expect(await runPass(store)).toMatchObject({ archived: 1 });
  await setRules(store, bucket, [ruleWith({ transitions: [{ days: 60, storageClass: 'GLACIER_IR' }] })]);
  expect(await runLifecycle(store)).toMatchObject({ transitioned: 0 });
  await setRules(store, bucket, [ruleWith({ transitions: [{ days: 60, storageClass: 'GLACIER' }] })]);
  expect(await runLifecycle(store)).toMatchObject({ transitioned: 1 });
  const { attributes } = await store.engine.objects.find(bucket, 'k');
  expect(attributes).toMatchObject({ storageClass: 'GLACIER' });
  expect(attributes.tiering).toBeUndefined();
});

test('what is stored → counted by tier, and told by the names of CloudWatch', async () => {
  const { store, bucket } = await openStore();
  await put(store, bucket, 'archived');
  passDays(store, 60);
  await put(store, bucket, 'infrequent');
  await put(store, bucket, 'small', monitored.subarray(1));
  passDays(store, 30);
  await put(store, bucket, 'frequent');
  await store.put(bucket, 'standard', monitored);
  await optIn(store, bucket, archiving);
  await runPass(store);
  const usage = await store.engine.usage.count({ bucket: 'bucket', prefix: '' });
  assert(usage !== undefined, 'there is such a bucket');
  expect(Object.fromEntries(storageFigures(usage).bytes)).toEqual({
    StandardStorage: monitored.length,
    IntelligentTieringFAStorage: 2 * monitored.length - 1,
    IntelligentTieringIAStorage: monitored.length,
    IntelligentTieringAAStorage: monitored.length,
  });
});
