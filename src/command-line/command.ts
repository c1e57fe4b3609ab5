/** The shape of a subcommand. Each is a file in this folder and a row of the table in `commands.ts`. */
import type { Config, ConfigFlags } from '../config.ts';

/** An option of one command, `--name` or `--name VALUE`, beside those that every command takes. */
export interface CommandOption {
  readonly name: string;
  /** What stands for the value in the usage; an option without one is a switch. */
  readonly value?: string;
  readonly summary: string;
  /** May be given more than once. */
  readonly isRepeatable?: true;
}

/** What the command line says, checked against the command's own description of it. */
export interface CommandCall {
  /** As many as the command names, in order. */
  readonly operands: readonly string[];
  readonly flags: ConfigFlags;
  /** The configuration that the flags, the environment and the file give. Throws ConfigError. */
  readonly loadConfig: () => Config;
  /** Whether a switch was given. */
  has(option: string): boolean;
  /** The value of an option that takes one. */
  value(option: string): string | undefined;
  /** The values of an option that may be given more than once. */
  values(option: string): readonly string[];
  /** A line, or several, on the standard output. */
  print(text: string): void;
  /** The same on the standard error output. */
  complain(text: string): void;
  /** Whether anybody still reads the standard output. */
  isRead(): boolean;
}

export interface Command {
  /** One word, or two for a family such as `disk list`. */
  readonly name: string;
  /** Names of what follows, in order; one in brackets may be left out, one that ends in `...` stands for any number. */
  readonly operands?: readonly string[];
  readonly options?: readonly CommandOption[];
  /** What it does, in a line of the usage. */
  readonly summary: string;
  /** Returns the exit code. What it needs of the product it imports when it runs, so that every command starts fast. */
  run(call: CommandCall): Promise<number>;
}
