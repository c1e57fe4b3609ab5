/** When inventory reports are written, of which instant they are, and what is left of one that was not finished. */
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { InventoryConfiguration } from '../../src/engine/inventory/configuration.ts';
import { inventoryConfigurations } from '../../src/engine/inventory/configurations.ts';
import type { Bucket } from '../../src/engine/types.ts';
import { writeInventories } from '../../src/jobs/inventory.ts';
import type { Job } from '../../src/jobs/job.ts';
import { type JobStateStore, jobStateIn } from '../../src/jobs/job-state.ts';
import { createLog } from '../../src/lib/log.ts';
import { EngineStore } from '../support/engine-store.ts';
import { dayMs, runSteps } from '../support/lifecycle-job.ts';

const everything = { prefix: '', delimiter: '', after: '', limit: 1000 };

function inventoryJob(store: EngineStore, state: JobStateStore = jobStateIn(store.index, 'inventory')): Job {
  return writeInventories({
    inventory: store.engine.inventory,
    check: async () => undefined,
    clock: store.clock,
    log: createLog('silent'),
    state,
    dayLengthMs: dayMs,
  });
}

function configure(store: EngineStore, bucket: Bucket, different: Partial<InventoryConfiguration>): Promise<void> {
  const configuration: InventoryConfiguration = {
    ...{ id: 'id', isEnabled: true, versions: 'All', frequency: 'Daily', fields: [], putMs: store.nowMs },
    destination: { bucket: 'reports' },
    ...different,
  };
  return inventoryConfigurations.change(store.engine.buckets, bucket, (others) => [...others, configuration]);
}

async function keys(store: EngineStore): Promise<readonly string[]> {
  const bucket = await store.engine.buckets.get('reports');
  const { entries } = await store.engine.listing.objects(bucket, everything);
  return entries.flatMap((entry) => (entry.kind === 'version' ? [entry.version.key] : []));
}

async function rows(store: EngineStore): Promise<string> {
  const bucket = await store.engine.buckets.get('reports');
  const key = (await keys(store)).find((one) => one.endsWith('.csv.gz')) ?? '';
  const version = await store.engine.objects.find(bucket, key);
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.engine.objects.read(version, { start: 0, end: version.size })) {
    chunks.push(Buffer.from(chunk));
  }
  return gunzipSync(Buffer.concat(chunks)).toString();
}

async function withReports(): Promise<{ store: EngineStore; bucket: Bucket }> {
  const store = await EngineStore.open();
  await store.engine.buckets.create({ name: 'reports', region: 'us-east-1', owner: 'an-owner' });
  return { store, bucket: await store.newBucket() };
}

test('objects that are written while a report is → not in it; the report is of the instant it began', async () => {
  const { store, bucket } = await withReports();
  await using _ = store;
  for (let i = 0; i < 4100; i += 100) {
    await Promise.all(Array.from({ length: 100 }, (_key, n) => store.put(bucket, `k-${i + n}`, 'x')));
  }
  await configure(store, bucket, {});
  const job = inventoryJob(store);
  await runSteps(store, job, 2);
  expect(job.status()).toMatchObject({ pass: 'under way', rows: 4000, reports: 0 });
  await store.put(bucket, 'z', 'later');
  await runSteps(store, job);
  expect(job.status()).toMatchObject({ pass: 'done', rows: 4100, reports: 1 });
  expect(await rows(store)).not.toContain('"z"');
});

test('stopped before the manifest → no manifest; the next start removes the data file and writes the report anew', async () => {
  const { store, bucket } = await withReports();
  await using _ = store;
  await store.put(bucket, 'k', 'x');
  await configure(store, bucket, {});
  await runSteps(store, inventoryJob(store), 2);
  const [left = '', ...others] = await keys(store);
  expect(left).toMatch(/\.csv\.gz$/);
  expect(others).toEqual([]);
  await store.reopen();
  await runSteps(store, inventoryJob(store));
  const found = await keys(store);
  expect(found).not.toContain(left);
  expect(found.filter((key) => /csv\.gz$|manifest|symlink/.test(key))).toHaveLength(4);
  await runSteps(store, inventoryJob(store));
  expect(await keys(store)).toEqual(found);
});

test('stopped when the manifest is there, and nobody has noted it → the next start leaves the files that it names, and notes it', async () => {
  const { store, bucket } = await withReports();
  await using _ = store;
  await store.put(bucket, 'k', 'x');
  await configure(store, bucket, {});
  const { load, save } = jobStateIn(store.index, 'inventory');
  let saved = '';
  const endingBeforeTheNote = async (text: string): Promise<void> => {
    if (saved.includes('MD5checksum')) throw new Error('the server ends');
    saved = text;
    await save(text);
  };
  await expect(runSteps(store, inventoryJob(store, { load, save: endingBeforeTheNote }))).rejects.toThrow(
    'the server ends',
  );
  const found = await keys(store);
  expect(found.filter((key) => /csv\.gz$|manifest|symlink/.test(key))).toHaveLength(4);
  await store.reopen();
  const job = inventoryJob(store);
  await runSteps(store, job);
  expect(await keys(store)).toEqual(found);
  expect(job.status()).toMatchObject({ pass: 'done', reports: 1, rows: 0 });
});

test('weekly → with the first pass after it was put, then on Sundays; daily → every day', async () => {
  const { store, bucket } = await withReports();
  await using _ = store;
  // A Monday.
  store.nowMs = Date.UTC(2026, 10, 2, 12);
  await configure(store, bucket, { id: 'weekly', frequency: 'Weekly' });
  await configure(store, bucket, { id: 'daily' });
  store.nowMs += 1;
  const job = inventoryJob(store);
  const written: string[] = [];
  for (let day = 0; day < 8; day++) {
    await runSteps(store, job);
    written.push(String(job.status()['reports']));
    store.nowMs += dayMs;
  }
  expect(written.join('')).toBe('21111121');
});
