/** `ninefold events …`: events of a running server that have not arrived. */
import type { Command, CommandCall } from './command.ts';

export const eventCommands: readonly Command[] = [
  {
    name: 'events list',
    summary: 'list for each target how many events wait, since when, and how many were given up',
    run: list,
  },
  {
    name: 'events tail',
    options: [
      { name: 'target', value: 'ARN', summary: 'only those for a target' },
      { name: 'bucket', value: 'NAME', summary: 'only those on a bucket' },
    ],
    summary: 'print events as they happen, a line of JSON for each target that is told, until Ctrl-C',
    run: tail,
  },
  {
    name: 'events replay',
    operands: ['TARGET'],
    summary: 'send the events for a target, by its ARN, again that were given up',
    run: replay,
  },
  {
    name: 'events drop',
    operands: ['TARGET'],
    options: [{ name: 'waiting', summary: 'forget those that wait instead' }],
    summary: 'forget the events for a target that were given up',
    run: drop,
  },
];

async function list({ loadConfig, print }: CommandCall): Promise<number> {
  const { client, statusSchema, eventsTable } = await prepare(loadConfig());
  const { events, nowMs } = await client.request({ method: 'GET', path: ['status'] }, statusSchema);
  print(events.length === 0 ? 'No event waits, and none was given up.' : eventsTable(events, nowMs));
  return 0;
}

async function tail({ loadConfig, print, complain, value, isRead }: CommandCall): Promise<number> {
  const { client, tailSchema } = await prepare(loadConfig());
  const { followTail } = await import('./event-tail.ts');
  const { setTimeout: pause } = await import('node:timers/promises');
  const [target, bucket] = [value('target'), value('bucket')];
  await followTail({
    look: (place) => client.request({ method: 'GET', path: ['events', 'tail', ...place] }, tailSchema),
    isWanted: (event) => (target ?? event.target) === event.target && (bucket ?? event.bucket) === event.bucket,
    ...{ print, complain, isRead, pause },
  });
  return 0;
}

async function replay({ loadConfig, print, operands: [target = ''] }: CommandCall): Promise<number> {
  const { client, countSchema } = await prepare(loadConfig());
  const call = { method: 'POST', path: ['events', 'replay'], body: { target } } as const;
  const { events } = await client.request(call, countSchema);
  print(`${events === 1 ? '1 event is' : `${events} events are`} sent again.`);
  return 0;
}

async function drop({ loadConfig, print, has, operands: [target = ''] }: CommandCall): Promise<number> {
  const { client, countSchema } = await prepare(loadConfig());
  const which = has('waiting') ? 'waiting' : 'dead';
  const call = { method: 'POST', path: ['events', 'drop'], body: { target, which } } as const;
  const { events } = await client.request(call, countSchema);
  print(`${events === 1 ? '1 event is' : `${events} events are`} forgotten.`);
  return 0;
}

async function prepare(config: ReturnType<CommandCall['loadConfig']>) {
  const [{ z }, { openAdminClient }, { statusSchema }, { eventsTable }] = await Promise.all([
    import('zod'),
    import('./admin-client.ts'),
    import('../admin/status-schema.ts'),
    import('./status-text.ts'),
  ]);
  const event = { time: z.string(), target: z.string(), event: z.string(), bucket: z.string().optional() };
  const tailSchema = z.object({
    events: z.array(z.looseObject(event)),
    next: z.string(),
    hasGap: z.boolean(),
  });
  const countSchema = z.object({ events: z.number() });
  return { client: openAdminClient(config), statusSchema, eventsTable, countSchema, tailSchema };
}
