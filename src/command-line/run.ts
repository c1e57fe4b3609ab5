/** Reads the command line, finds the command in the table, and runs it. */
import { parseArgs } from 'node:util';
import { type ConfigFlags, loadConfig } from '../config.ts';
import { version } from '../version.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { synopsis, usageText } from './usage.ts';

/** What `run` writes to. */
export interface Output {
  print(text: string): void;
  complain(text: string): void;
  isRead(): boolean;
}

/** The command line is not understood; the message says why. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Errors whose message says what to do; by name, as the modules they come from are loaded only where they are needed. */
const explainedErrors = new Set([
  'CommandError',
  'ConfigError',
  'DataFolderError',
  'PoolError',
  'DeclarationError',
  'ZoneInUse',
  'LogQuorumLost',
  'LogDamaged',
  'ForeignLog',
  'ForeignIndex',
  'LogDiverged',
  'LastRecordUndecided',
  'SchemaTooNew',
  'UnknownLogVersion',
]);

const flagOptions = {
  config: { type: 'string' },
  data: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
} as const;
const commonNames = new Set([...Object.keys(flagOptions), 'help', 'version']);

/** What stands around a run, where that is not the usual. */
export interface Surroundings {
  readonly table?: readonly Command[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** Runs what the arguments ask for and returns the exit code: 2 where they are not understood. */
export async function run(args: readonly string[], output: Output, around: Surroundings = {}): Promise<number> {
  const { table = commands } = around;
  try {
    return await dispatch(args, output, { ...around, table });
  } catch (error) {
    if (error instanceof UsageError) {
      output.complain(`${error.message}\n\n${usageText(table)}`);
      return 2;
    }
    const isExplained = error instanceof Error && explainedErrors.has(error.name);
    output.complain(
      isExplained ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
    return 1;
  }
}

async function dispatch(
  args: readonly string[],
  output: Output,
  { table, environment }: Surroundings & { table: readonly Command[] },
): Promise<number> {
  const { values, flags, positionals } = parse(args, table);
  if (values.get('help') === true) output.print(usageText(table));
  else if (values.get('version') === true) output.print(version());
  else {
    const command = findCommand(table, positionals);
    const operands = positionals.slice(positionals.length === 0 ? 0 : wordsOf(command).length);
    checkOperands(command, operands);
    checkOptions(command, [...values.keys()]);
    return command.run({
      operands,
      flags,
      loadConfig: () => loadConfig(flags, environment),
      has: (option) => values.get(option) === true,
      value: (option) => textOf(values.get(option)),
      values: (option) => textsOf(values.get(option)),
      ...output,
    });
  }
  return 0;
}

interface Parsed {
  readonly values: ReadonlyMap<string, unknown>;
  readonly flags: ConfigFlags;
  readonly positionals: readonly string[];
}

/** Options of all commands are read at once, as options may come before the command's name. */
function parse(args: readonly string[], table: readonly Command[]): Parsed {
  const own = table.flatMap(({ options = [] }) =>
    options.map(({ name, value, isRepeatable: multiple = false }) => {
      return [name, { type: value === undefined ? 'boolean' : 'string', multiple }] as const;
    }),
  );
  const more = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } } as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...Object.fromEntries(own), ...flagOptions, ...more },
    });
    const { config, data, host, port } = values;
    const flags = { config: textOf(config), data: textOf(data), host: textOf(host), port: textOf(port) };
    return { values: new Map(Object.entries(values)), flags, positionals };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

function findCommand(table: readonly Command[], positionals: readonly string[]): Command {
  if (positionals.length === 0 && table[0] !== undefined) return table[0];
  // Of `jobs` and `jobs pause` the longer one is meant.
  const found = table.filter((row) => startsWith(positionals, wordsOf(row)));
  const command = found.reduce<Command | undefined>(
    (longest, row) => (longest !== undefined && wordsOf(longest).length >= wordsOf(row).length ? longest : row),
    undefined,
  );
  if (command !== undefined) return command;
  throw new UsageError(`Unknown command: ${positionals.slice(0, 2).join(' ')}`);
}

function startsWith(words: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((word, i) => words[i] === word);
}

function wordsOf({ name }: Command): readonly string[] {
  return name.split(' ');
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const named = command.operands ?? [];
  const countMin = named.filter((name) => !name.startsWith('[')).length;
  const countMax = named.some((name) => /\.\.\.\]?$/.test(name)) ? Number.POSITIVE_INFINITY : named.length;
  if (operands.length >= countMin && operands.length <= countMax) return;
  const trouble = operands.length < countMin ? `${named[operands.length]} is missing` : 'too many arguments';
  throw new UsageError(`${command.name}: ${trouble}. It is used so: ninefold ${synopsis(command)}`);
}

function checkOptions(command: Command, given: readonly string[]): void {
  const own = new Set((command.options ?? []).map(({ name }) => name));
  const foreign = given.find((name) => !own.has(name) && !commonNames.has(name));
  if (foreign !== undefined) throw new UsageError(`--${foreign} is no option of ${command.name}`);
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
