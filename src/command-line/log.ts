/** `ninefold log`: prints the commit log in plain words, without a server, and says where it is torn. */
import { basename, join } from 'node:path';
import type { BucketNames } from '../meta/log/bucket-names.ts';
import type { RecordHeader } from '../meta/log/codec.ts';
import type { LogEntry } from '../meta/log/listing.ts';
import type { Command, CommandCall } from './command.ts';
import { CommandError } from './command-error.ts';

export const log: Command = {
  name: 'log',
  operands: ['[FILE]'],
  options: [
    { name: 'zone', value: 'NAME', summary: "the zone whose log is read; the first one's that is there if left out" },
    { name: 'from', value: 'SEQUENCE', summary: 'the first record that is printed' },
  ],
  summary: 'print the changes in the commit log, of a zone or of a file, in plain words; exit 1 if it is torn',
  async run(call) {
    const from = Number(call.value('from') ?? 0);
    if (!Number.isSafeInteger(from) || from < 0) throw new CommandError('--from is followed by a number of a record');
    const [file] = call.operands;
    return (file === undefined ? await printZone(call, from) : await printFile(call, { file, from })) ? 0 : 1;
  },
};

async function printFile(call: CommandCall, { file, from }: { file: string; from: number }): Promise<boolean> {
  const { BucketNames } = await import('../meta/log/bucket-names.ts');
  const printer = new Printer(call, { from, names: BucketNames.from(Number.parseInt(basename(file), 10)) });
  await printer.print(file);
  return printer.isWhole;
}

async function printZone(call: CommandCall, from: number): Promise<boolean> {
  const { logFilePath } = await import('../meta/log/files.ts');
  const { BucketNames } = await import('../meta/log/bucket-names.ts');
  const { zonePath, folder, files } = await findLog(call);
  const names = (await BucketNames.ofSnapshot({ zonePath })) ?? BucketNames.from(files[0]?.first ?? 1);
  const printer = new Printer(call, { from, names });
  for (const { first } of files) await printer.print(logFilePath(folder, first));
  return printer.isWhole;
}

/** The log of the zone that is named, or of the first one that has one. */
async function findLog(call: CommandCall) {
  const { isMissing, listLogFiles } = await import('../meta/log/files.ts');
  const name = call.value('zone');
  const zones = call.loadConfig().zones.filter((zone) => name === undefined || zone.name === name);
  for (const { path: zonePath } of zones) {
    const folder = join(zonePath, 'log');
    try {
      return { zonePath, folder, files: await listLogFiles(folder) };
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  throw new CommandError(`There is no log of zone ${name ?? zones.map((zone) => zone.name).join(', ')}`);
}

interface PrinterOptions {
  readonly from: number;
  readonly names: BucketNames;
}

/** Prints files one behind the other, each as the continuation of the one before. */
class Printer {
  readonly #call: CommandCall;
  readonly #options: PrinterOptions;
  #last: RecordHeader | undefined;
  #isWhole = true;

  constructor(call: CommandCall, options: PrinterOptions) {
    this.#call = call;
    this.#options = options;
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  async print(path: string): Promise<void> {
    const { listLogFile } = await import('../meta/log/listing.ts');
    const { describeCommand } = await import('../meta/log/describe.ts');
    for await (const entry of listLogFile(path, this.#last)) {
      if (entry.kind === 'fault') this.#complain(path, entry);
      if (entry.kind !== 'record') continue;
      const { record, commands } = entry;
      this.#last = record;
      const lines = commands.map((command) => {
        this.#options.names.see(command, record.sequence);
        return describeCommand(command, (id) => this.#options.names.nameOf(id));
      });
      if (record.sequence < this.#options.from) continue;
      for (const line of lines.length === 0 ? ['settle what was in doubt'] : lines) {
        this.#call.print(`${record.sequence}  epoch ${record.epoch}  ${line}`);
      }
    }
  }

  #complain(path: string, { offset, what }: LogEntry & { kind: 'fault' }): void {
    this.#isWhole = false;
    this.#call.complain(`${path} at ${offset}: ${what}`);
  }
}
