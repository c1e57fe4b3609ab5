/** `ninefold disk …`: the disks of a running server, and changes of them. Paths are those of the server's machine. */
import { resolve } from 'node:path';
import type { AdminCall, AdminClient } from './admin-client.ts';
import type { Command, CommandCall, CommandOption } from './command.ts';

const wait: CommandOption = {
  name: 'wait',
  summary: 'say how far that is until all is done; exit 1 if it cannot be done',
};
const moved = 'its data moves in the background, which `ninefold status` shows';

export const diskCommands: readonly Command[] = [
  {
    name: 'disk list',
    summary: 'list the disks of a running server with their states',
    run: (call) => showDisks(call, { method: 'GET', path: ['disks'] }),
  },
  {
    name: 'disk add',
    operands: ['ZONE', 'DIR'],
    options: [
      { name: 'group', value: 'NAME', summary: 'the group of disks that it belongs to, if not the default one' },
      wait,
    ],
    summary: `make an empty folder a disk of a zone; its share of what is stored moves there in the background`,
    run: (call) => {
      const [zone = '', path = ''] = call.operands;
      const group = call.value('group');
      const body = { zone, path: resolve(path), ...(group !== undefined && { group }) };
      return changeDisk(call, { method: 'POST', path: ['disks'], body });
    },
  },
  {
    name: 'disk drain',
    operands: ['DISK'],
    options: [wait],
    summary: `let a disk (its id or path) take nothing new; ${moved}`,
    run: (call) => changeDisk(call, { method: 'POST', path: ['disks', nameOf(call), 'drain'] }),
  },
  {
    name: 'disk replace',
    operands: ['DISK', 'DIR'],
    options: [wait],
    summary: 'put an empty folder in the place of a disk; what that held is rebuilt in the background',
    run: (call) => {
      const body = { path: resolve(call.operands[1] ?? '') };
      return changeDisk(call, { method: 'POST', path: ['disks', nameOf(call), 'replace'], body });
    },
  },
  {
    name: 'disk remove',
    operands: ['DISK'],
    summary: 'end the use of a disk that holds nothing that is needed any more',
    run: (call) => showDisks(call, { method: 'DELETE', path: ['disks', nameOf(call)] }),
  },
];

/** An id as it is; whatever looks like a path as an absolute one. */
function nameOf({ operands: [name = ''] }: CommandCall): string {
  return name.includes('/') ? resolve(name) : name;
}

async function showDisks({ loadConfig, print }: CommandCall, request: AdminCall): Promise<number> {
  const { client, z, diskSchema, disksTable, nowMs } = await prepare(loadConfig());
  const { disks } = await client.request(request, z.object({ disks: z.array(diskSchema) }));
  print(disksTable(disks, nowMs));
  return 0;
}

async function changeDisk(call: CommandCall, request: AdminCall): Promise<number> {
  const { client, diskSchema, disksTable, nowMs } = await prepare(call.loadConfig());
  call.print(disksTable([await client.request(request, diskSchema)], nowMs));
  return call.has('wait') ? await waitUntilMoved(call, client) : 0;
}

async function waitUntilMoved({ print, complain }: CommandCall, client: AdminClient): Promise<number> {
  const [{ z }, { jobSchema }, { waitForDisks }, { systemClock: clock }, { setTimeout: pause }] = await Promise.all([
    import('zod'),
    import('../admin/status-schema.ts'),
    import('./disk-wait.ts'),
    import('../lib/clock.ts'),
    import('node:timers/promises'),
  ]);
  for (const job of ['rebalance', 'repair'])
    await client.request({ method: 'POST', path: ['jobs', job, 'run'] }, jobSchema);
  const jobsSchema = z.object({ jobs: z.array(jobSchema) });
  const look = async () => (await client.request({ method: 'GET', path: ['jobs'] }, jobsSchema)).jobs;
  return await waitForDisks({ look, clock, pause, print, complain });
}

async function prepare(config: ReturnType<CommandCall['loadConfig']>) {
  const [{ z }, { openAdminClient }, { diskSchema }, { disksTable }, { systemClock }] = await Promise.all([
    import('zod'),
    import('./admin-client.ts'),
    import('../admin/status-schema.ts'),
    import('./status-text.ts'),
    import('../lib/clock.ts'),
  ]);
  return { client: openAdminClient(config), z, diskSchema, disksTable, nowMs: systemClock.nowMs() };
}
