/** Rules that are put while changes wait, and what was there before rules: on a real index, with a destination that a test plays. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReplicationRule } from '../../src/engine/replication/configuration.ts';
import { ReplicationRefused } from '../../src/engine/replication/types.ts';
import type { Bucket } from '../../src/engine/types.ts';
import { replicate } from '../../src/jobs/replicate.ts';
import { Deference } from '../../src/lib/deference.ts';
import { createLog } from '../../src/lib/log.ts';
import { bodyOf, EngineStore, plain } from '../support/engine-store.ts';
import { eventually } from '../support/eventually.ts';
import { notedTarget } from '../support/noted-target.ts';

const there = 'arn:aws:s3:::there';
const cause = { requestId: 'r', hostId: 'h', requester: 'AWS:1', sourceAddress: '' };

let store: EngineStore;
let buckets = 0;
beforeAll(async () => {
  store = await EngineStore.open();
});
afterAll(() => store[Symbol.asyncDispose]());

const newBucket = () => store.newVersionedBucket(`bucket-${++buckets}`);

function ruleOf(id: string, { bucket = there, ...different }: Partial<ReplicationRule> & { bucket?: string } = {}) {
  const usual = { id, isEnabled: true, form: 'filter' as const, prefix: '', tags: [], markers: true };
  return { ...usual, destination: { bucket }, ...different };
}

const setRules = (bucket: Bucket, rules: ReplicationRule[]) =>
  store.engine.replication.setRules(bucket, { role: 'role', rules });

async function put(bucket: Bucket, key: string): Promise<string> {
  const current = await store.engine.buckets.get(bucket.name);
  const source = bodyOf('x');
  return (await store.engine.objects.put({ bucket: current, key, source, attributes: plain, cause })).versionId;
}

/** What a destination is asked for until nothing waits any more; a refusal of it fails what it is asked for. */
async function sentTo(
  arn = there,
  { refusal, ...different }: { refusal?: ReplicationRefused; ordersByArrival?: boolean } = {},
): Promise<readonly string[]> {
  const { calls, target } = notedTarget(() => refusal);
  const running = replicate({
    replication: store.engine.replication,
    elsewhere: new Map([
      [there, notedTarget().target],
      [arn, { ...target, ...different }],
    ]),
    known: { load: async () => undefined, has: () => false },
    admit: async () => undefined,
    deference: new Deference({ foreground: { isBusy: false }, clock: store.clock, patienceMs: 1 }),
    ...{ clock: store.clock, log: createLog('silent'), retryForMs: 3_600_000 },
  });
  await eventually(async () => {
    await running.job.step();
    expect(await store.engine.replication.resyncs()).toEqual([]);
    expect((await store.engine.replication.sizes()).filter(({ isFailed }) => !isFailed)).toEqual([]);
  });
  await running.close();
  return calls.filter((call) => call.startsWith('put'));
}

test('rules that are put anew under other names while changes wait → have these replicated; one that is disabled → FAILED', async () => {
  const bucket = await newBucket();
  await setRules(bucket, [ruleOf('first')]);
  const versionId = await put(bucket, 'k');
  await setRules(bucket, [ruleOf('second')]);
  expect(await sentTo()).toEqual([`put k ${versionId}`]);
  await put(bucket, 'l');
  await setRules(bucket, [ruleOf('second', { isEnabled: false })]);
  expect(await sentTo()).toEqual([]);
  expect((await store.engine.objects.find(bucket, 'l')).attributes.replication).toBe('FAILED');
});

test('a rule for existing objects → what was there goes, also what another one had replicated elsewhere; the same rules again → nothing', async () => {
  const bucket = await newBucket();
  const elsewhere = 'arn:aws:s3:::elsewhere';
  const before = await put(bucket, 'before');
  await setRules(bucket, [ruleOf('first')]);
  const between = await put(bucket, 'between');
  await sentTo();
  const later = [ruleOf('first'), ruleOf('second', { bucket: elsewhere, existing: true, prefix: 'b' })];
  await put(bucket, 'other');
  await setRules(bucket, later);
  expect((await sentTo(elsewhere)).toSorted()).toEqual([`put before ${before}`, `put between ${between}`]);
  await setRules(bucket, [...later.slice(0, 1), { ...ruleOf('third'), ...later[1], id: 'third' }]);
  expect(await store.engine.replication.resyncs()).toEqual([]);
});

test.each([
  { ordersByArrival: true, isSent: false },
  { ordersByArrival: false, isSent: true },
])(
  'a version that failed, tried again when a newer one is there: $ordersByArrival → sent: $isSent',
  async ({ ordersByArrival, isSent }) => {
    const bucket = await newBucket();
    await setRules(bucket, [ruleOf('rule')]);
    const [older, lone] = [await put(bucket, 'k'), await put(bucket, 'k2')];
    await sentTo(there, { refusal: new ReplicationRefused('not now'), ordersByArrival });
    await put(bucket, 'k');
    await sentTo(there, { ordersByArrival });
    store.nowMs += 1000;
    await store.engine.replication.retry(there);
    const sent = await sentTo(there, { ordersByArrival });
    expect(sent.includes(`put k ${older}`)).toBe(isSent);
    expect(sent).toContain(`put k2 ${lone}`);
    const { attributes } = await store.engine.objects.find(bucket, 'k', older);
    expect(attributes.replication).toBe(isSent ? 'COMPLETED' : 'FAILED');
  },
);

test('more versions of one key than a page has → the oldest first all the same', async () => {
  const bucket = await newBucket();
  const versions: string[] = [];
  for (let count = 0; count < 520; count++) versions.push(await put(bucket, 'k'));
  await put(bucket, 'l');
  await setRules(bucket, [ruleOf('rule', { existing: true })]);
  const sent = (await sentTo()).filter((call) => call.startsWith('put k'));
  expect(sent).toEqual(versions.map((versionId) => `put k ${versionId}`));
});
