/** `ninefold disk …`: the disks of a running server, and changes of them. Paths are those of the server's machine. */
import { resolve } from 'node:path';
import type { AdminCall } from './admin-client.ts';
import type { Command, CommandCall } from './command.ts';

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
    summary: `make an empty folder a disk of a zone; its share of what is stored moves there in the background`,
    run: (call) => {
      const [zone = '', path = ''] = call.operands;
      return changeDisk(call, { method: 'POST', path: ['disks'], body: { zone, path: resolve(path) } });
    },
  },
  {
    name: 'disk drain',
    operands: ['DISK'],
    summary: `let a disk (its id or path) take nothing new; ${moved}`,
    run: (call) => changeDisk(call, { method: 'POST', path: ['disks', nameOf(call), 'drain'] }),
  },
  {
    name: 'disk replace',
    operands: ['DISK', 'DIR'],
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

async function changeDisk({ loadConfig, print }: CommandCall, request: AdminCall): Promise<number> {
  const { client, diskSchema, disksTable, nowMs } = await prepare(loadConfig());
  print(disksTable([await client.request(request, diskSchema)], nowMs));
  return 0;
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
