/** Every subcommand, in the order in which the usage shows them. The first is the default. */
import type { Command } from './command.ts';
import { diskCommands } from './disk.ts';
import { eventCommands } from './events.ts';
import { explain } from './explain.ts';
import { healthcheck } from './healthcheck.ts';
import { inspect } from './inspect.ts';
import { jobCommands } from './jobs.ts';
import { log } from './log.ts';
import { rebuildIndex } from './rebuild-index.ts';
import { replicationCommands } from './replication.ts';
import { serve } from './serve.ts';
import { status } from './status.ts';
import { usage } from './stored.ts';
import { userCommands } from './user.ts';

export const commands: readonly Command[] = [
  serve,
  healthcheck,
  status,
  usage,
  ...jobCommands,
  ...diskCommands,
  ...userCommands,
  ...eventCommands,
  ...replicationCommands,
  explain,
  inspect,
  log,
  rebuildIndex,
];
