/** `ninefold usage`: how much is stored in which bucket and below which prefix. */
import type { Command } from './command.ts';

/** A count of many million versions takes a while. */
const countLimitMs = 3_600_000;

export const usage: Command = {
  name: 'usage',
  operands: ['[BUCKET]', '[PREFIX]'],
  options: [{ name: 'json', summary: 'as JSON, for programs' }],
  summary: 'say how much each bucket holds, as counted last; or count what a bucket holds, below a prefix, now',
  async run({ loadConfig, has, print, operands: [bucket, prefix = ''] }) {
    const [{ openAdminClient }, { bucketUsageSchema, usageSchema }, { bucketText, bucketsText }, { systemClock }] =
      await Promise.all([
        import('./admin-client.ts'),
        import('../admin/usage-schema.ts'),
        import('./stored-text.ts'),
        import('../lib/clock.ts'),
      ]);
    const client = openAdminClient(loadConfig());
    const show = (found: object, text: string): void => print(has('json') ? JSON.stringify(found, null, 2) : text);
    if (bucket === undefined) {
      const { buckets } = await client.request({ method: 'GET', path: ['usage'] }, usageSchema);
      show({ buckets }, bucketsText(buckets, systemClock.nowMs()));
      return 0;
    }
    const call = { method: 'POST', path: ['usage', 'count'], body: { bucket, prefix }, limitMs: countLimitMs } as const;
    const found = await client.request(call, bucketUsageSchema);
    show(found, bucketText(found));
    return 0;
  },
};
