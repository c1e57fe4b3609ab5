/** `ninefold user …`: the users of a running server. What else there is of identities, the IAM API has. */
import type { AdminCall } from './admin-client.ts';
import type { Command, CommandCall, CommandOption } from './command.ts';

const account: CommandOption = {
  name: 'account',
  value: 'ID',
  summary: "twelve digits of the account, if not the server's own",
};
const policies: CommandOption = {
  name: 'policies',
  value: 'POLICY,…',
  summary: 'policies to attach: ARNs, or names of those of AWS, such as AmazonS3FullAccess',
};

export const userCommands: readonly Command[] = [
  {
    name: 'user list',
    options: [account],
    summary: 'list the users of a running server with their policies and keys',
    run: (call) => showUsers(call, { method: 'GET', path: usersOf(call) }),
  },
  {
    name: 'user create',
    operands: ['NAME'],
    options: [policies, account],
    summary: 'make a user and a key, which is shown this once; without policies it may do nothing',
    run: (call) => {
      const attached = call.value('policies')?.split(',') ?? [];
      return showKey(call, { method: 'POST', path: usersOf(call), body: { name: nameOf(call), policies: attached } });
    },
  },
  {
    name: 'user key',
    operands: ['NAME'],
    options: [account],
    summary: 'make a further key for a user, which is shown this once',
    run: (call) => showKey(call, { method: 'POST', path: [...usersOf(call), nameOf(call), 'keys'] }),
  },
  {
    name: 'user delete',
    operands: ['NAME'],
    options: [account],
    summary: 'remove a user with its keys; what it stored belongs to the account and stays',
    run: (call) => showUsers(call, { method: 'DELETE', path: [...usersOf(call), nameOf(call)] }),
  },
];

function usersOf(call: CommandCall): readonly string[] {
  return ['accounts', call.value('account') ?? call.loadConfig().accountId, 'users'];
}

function nameOf({ operands: [name = ''] }: CommandCall): string {
  return name;
}

async function showUsers({ loadConfig, print }: CommandCall, request: AdminCall): Promise<number> {
  const [{ z }, { openAdminClient }, { table }, { formatTime }] = await Promise.all([
    import('zod'),
    import('./admin-client.ts'),
    import('./tables.ts'),
    import('./quantities.ts'),
  ]);
  const key = z.object({ accessKeyId: z.string(), isActive: z.boolean(), lastUsedMs: z.number().optional() });
  const user = z.object({
    name: z.string(),
    policies: z.array(z.string()),
    groups: z.array(z.string()),
    keys: z.array(key),
  });
  const { users } = await openAdminClient(loadConfig()).request(request, z.object({ users: z.array(user) }));
  const rows = users.map(({ name, policies: held, groups, keys }) => [
    name,
    keys.map(({ accessKeyId, isActive }) => (isActive ? accessKeyId : `${accessKeyId} (inactive)`)).join(', ') || '-',
    keys.map(({ lastUsedMs }) => (lastUsedMs === undefined ? '-' : formatTime(lastUsedMs))).join(', ') || '-',
    held.map((arn) => arn.replace('arn:aws:iam::aws:policy/', '')).join(', ') || '-',
    groups.join(', ') || '-',
  ]);
  print(table([['name', 'keys', 'last used', 'policies', 'groups'], ...rows]));
  return 0;
}

async function showKey({ loadConfig, print }: CommandCall, request: AdminCall): Promise<number> {
  const [{ z }, { openAdminClient }] = await Promise.all([import('zod'), import('./admin-client.ts')]);
  const schema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() });
  const { accessKeyId, secretAccessKey } = await openAdminClient(loadConfig()).request(request, schema);
  print(`export AWS_ACCESS_KEY_ID=${accessKeyId}\nexport AWS_SECRET_ACCESS_KEY=${secretAccessKey}`);
  return 0;
}
