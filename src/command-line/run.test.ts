/** The command line as a table: condition → what runs, what is printed, which code is returned. */
import { expect, test } from 'vitest';
import { version } from '../version.ts';
import type { Command, CommandCall } from './command.ts';
import { commands } from './commands.ts';
import { run } from './run.ts';
import { usageText } from './usage.ts';

/** Runs a command line on a table of commands that note how they were called. */
async function called(line: string) {
  const calls: { name: string; call: CommandCall }[] = [];
  const command = (name: string, rest: Partial<Command> = {}): Command => ({
    name,
    summary: `does ${name}`,
    run: async (call) => {
      calls.push({ name, call });
      return 7;
    },
    ...rest,
  });
  const table = [
    command('first'),
    command('disk list', { options: [{ name: 'json', summary: 'as JSON' }] }),
    command('disk add', { operands: ['ZONE', '[PATH]'], options: [{ name: 'rate', value: 'N', summary: 'rate' }] }),
    command('show', { operands: ['FILE...'] }),
  ];
  const printed: string[] = [];
  const complaints: string[] = [];
  const output = {
    print: (text: string) => printed.push(text),
    complain: (text: string) => complaints.push(text),
    isRead: () => true,
  };
  const code = await run(line === '' ? [] : line.split(' '), output, { table });
  return { code, printed: printed.join('\n'), complaints: complaints.join('\n'), calls, table };
}

test('no command → the first of the table, its exit code', async () => {
  const { code, calls } = await called('--data x');
  expect(code).toBe(7);
  expect(calls).toMatchObject([{ name: 'first', call: { operands: [], flags: { data: 'x' } } }]);
});

test('command of two words with operands and options, in any order → all of it reaches the command', async () => {
  const { calls } = await called('--rate 5 disk add zone-a --port 1 path');
  expect(calls).toMatchObject([{ name: 'disk add', call: { operands: ['zone-a', 'path'], flags: { port: '1' } } }]);
  expect(calls[0]?.call.value('rate')).toBe('5');
  expect((await called('disk list --json')).calls[0]?.call.has('json')).toBe(true);
  expect((await called('disk list')).calls[0]?.call.has('json')).toBe(false);
});

test.for([
  ['nothing', 'Unknown command: nothing'],
  ['disk', 'Unknown command: disk'],
  ['disk eat', 'Unknown command: disk eat'],
  ['first more', 'first: too many arguments'],
  ['disk add', 'disk add: ZONE is missing. It is used so: ninefold disk add ZONE [PATH]'],
  ['disk add a b c', 'disk add: too many arguments'],
  ['show', 'show: FILE... is missing'],
  ['first --json', '--json is no option of first'],
  ['first --never', "Unknown option '--never'"],
  ['first --port', "Option '--port <value>' argument missing"],
] as const)('%s → refused in words with the usage, code 2, nothing runs', async ([line, message]) => {
  const { code, complaints, calls, table } = await called(line);
  expect(code).toBe(2);
  expect(calls).toEqual([]);
  expect(complaints).toContain(message);
  expect(complaints).toContain(usageText(table));
});

test('operands without a limit → all of them', async () => {
  expect((await called('show a b c')).calls[0]?.call.operands).toEqual(['a', 'b', 'c']);
});

test('--help, --version → printed, nothing runs, code 0', async () => {
  const { code, printed, calls, table } = await called('disk add --help');
  expect({ code, calls }).toEqual({ code: 0, calls: [] });
  expect(printed).toBe(usageText(table));
  expect(await called('--version')).toMatchObject({ code: 0, printed: version() });
});

test('configuration that cannot be read → the message alone, code 1', async () => {
  const complaints: string[] = [];
  const output = { print: () => undefined, complain: (text: string) => complaints.push(text), isRead: () => true };
  expect(await run(['healthcheck', '--port', 'x'], output)).toBe(1);
  expect(complaints.join()).toMatch(/^Configuration: port: /);
});

test('usage → names every command and every option once; one name has one form in all commands', () => {
  const text = usageText(commands);
  const forms = new Map<string, string | undefined>();
  for (const { name, options = [] } of commands) {
    expect(text).toMatch(new RegExp(`^  ${name}( |$)`, 'm'));
    for (const option of options) {
      expect(text).toContain(`  --${option.name}`);
      expect(forms.get(option.name) ?? option.value).toBe(option.value);
      forms.set(option.name, option.value);
    }
  }
});
