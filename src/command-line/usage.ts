/** The text of `--help`, made from the table of commands. */
import type { Command } from './command.ts';
import { table } from './tables.ts';

/** Options that every command takes, as the usage shows them. */
const commonOptions: readonly (readonly [string, string])[] = [
  ['--config FILE', 'the configuration file, as NINEFOLD_CONFIG'],
  ['--data DIR', 'folder of everything that is stored'],
  ['--host H, --port N', 'address of the server'],
  ['--help, --version', 'print this text, or the version'],
];

export function usageText(commands: readonly Command[]): string {
  const rows = commands.flatMap((command) => [
    [synopsis(command), command.summary] as const,
    ...(command.options ?? []).map(
      ({ name, value, summary }) => [`  --${name}${value === undefined ? '' : ` ${value}`}`, summary] as const,
    ),
  ]);
  return `Usage: ninefold [COMMAND] [OPTIONS]

${table(rows)}

Options of every command:

${table(commonOptions)}`;
}

export function synopsis({ name, operands = [] }: Command): string {
  return [name, ...operands].join(' ');
}
