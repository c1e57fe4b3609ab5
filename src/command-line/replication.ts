/** `ninefold replication …`: what of a running server's buckets has not been replicated. */
import type { Command, CommandCall } from './command.ts';

export const replicationCommands: readonly Command[] = [
  {
    name: 'replication status',
    options: [{ name: 'json', summary: 'as JSON, for programs' }],
    summary: 'list for each destination how many changes wait, since when, and how many have failed, and why',
    run: status,
  },
  {
    name: 'replication retry',
    operands: ['DESTINATION'],
    summary: 'replicate again what has failed for a destination, by its ARN',
    run: retry,
  },
  {
    name: 'replication resync',
    operands: ['BUCKET', '[DESTINATION]'],
    options: [{ name: 'all', summary: 'those too that are replicated already' }],
    summary: "replicate a bucket's versions that were there before its rules, or have failed",
    run: resync,
  },
];

async function status({ loadConfig, print, has }: CommandCall): Promise<number> {
  const { client, replicationSchema } = await prepare(loadConfig());
  const found = await client.request({ method: 'GET', path: ['replication'] }, replicationSchema);
  const [{ systemClock }, texts] = await Promise.all([import('../lib/clock.ts'), import('./replication-text.ts')]);
  print(has('json') ? JSON.stringify(found, null, 2) : texts.replicationText(found, systemClock.nowMs()));
  return 0;
}

async function retry({ loadConfig, print, operands: [destination = ''] }: CommandCall): Promise<number> {
  const { client, z } = await prepare(loadConfig());
  const call = { method: 'POST', path: ['replication', 'retry'], body: { destination } } as const;
  const { changes } = await client.request(call, z.object({ changes: z.number() }));
  print(`${changes === 1 ? '1 change is' : `${changes} changes are`} tried again.`);
  return 0;
}

async function resync({ loadConfig, print, has, operands: [bucket = '', destination] }: CommandCall): Promise<number> {
  const { client, z } = await prepare(loadConfig());
  const body = { bucket, all: has('all'), ...(destination !== undefined && { destination }) };
  const call = { method: 'POST', path: ['replication', 'resync'], body } as const;
  await client.request(call, z.object({ bucket: z.string() }));
  print(`The versions of ${bucket} are being queued: \`ninefold replication status\` says how far that is.`);
  return 0;
}

async function prepare(config: ReturnType<CommandCall['loadConfig']>) {
  const [{ z }, { openAdminClient }, { replicationSchema }] = await Promise.all([
    import('zod'),
    import('./admin-client.ts'),
    import('../admin/replication-schema.ts'),
  ]);
  return { client: openAdminClient(config), z, replicationSchema };
}
