/** `ninefold user …` as an operator runs it: what is made, printed and refused. */
import { GetUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { region } from '../support/daemon.ts';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const run = (...words: string[]) => runNinefoldFor(daemon(), ['user', ...words]);

/** Who a key that was printed belongs to; the code of the refusal if it may not ask. */
async function ask(printed: string): Promise<string | undefined> {
  const [, accessKeyId = '', secretAccessKey = ''] =
    /AWS_ACCESS_KEY_ID=(\S+)\nexport AWS_SECRET_ACCESS_KEY=(\S+)/.exec(printed) ?? [];
  const credentials = { accessKeyId, secretAccessKey };
  const iam = new IAMClient({ endpoint: daemon().endpoint, region, credentials, maxAttempts: 1 });
  try {
    return (await iam.send(new GetUserCommand({}))).User?.Arn;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

test('made with a policy, listed, given a second key, deleted → its keys work until then', async () => {
  const made = await run('create', 'alice', '--policies', 'IAMReadOnlyAccess');
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(await ask(made.stdout)).toBe('arn:aws:iam::000000000000:user/alice');
  const second = await run('key', 'alice');
  expect(await ask(second.stdout)).toBe('arn:aws:iam::000000000000:user/alice');
  expect(await run('key', 'alice')).toMatchObject({ code: 1, stderr: expect.stringContaining('has 2 keys already') });
  const listed = await run('list');
  expect(listed.stdout).toMatch(/alice {2}AKIA\w+, AKIA\w+ {2}.* IAMReadOnlyAccess {2}-/);
  expect((await run('delete', 'alice')).code).toBe(0);
  expect(await ask(made.stdout)).toBe('InvalidClientTokenId');
});

test('made without policies → may do nothing', async () => {
  const made = await run('create', 'bob');
  expect(await ask(made.stdout)).toBe('AccessDenied');
});

test.for([
  [['create', 'a b'], 'The specified value for userName is invalid'],
  [['create', 'carl', '--policies', 'Nothing'], 'There is no policy Nothing.'],
  [['create', 'bob'], 'User with name bob already exists.'],
  [['key', 'nobody'], 'The user with name nobody cannot be found.'],
  [['list', '--account', '999999999999'], 'There is no account 999999999999.'],
] as const)('%j → refused: %s', async ([words, message]) => {
  expect(await run(...words)).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
});
