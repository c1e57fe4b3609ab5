/** `ninefold jobs …` and `ninefold run JOB`: the background work of a running server. */
import type { AdminCall, AdminClient } from './admin-client.ts';
import type { Command, CommandCall } from './command.ts';

export const jobCommands: readonly Command[] = [
  {
    name: 'jobs',
    summary: 'list the background work of a running server: its states, when each runs next, what it has done',
    run: (call) => showJobs(call),
  },
  {
    name: 'jobs pause',
    operands: ['JOB'],
    summary: "start no step of a job until it is resumed; a pause ends with the server's process",
    run: (call) => steer(call, 'pause'),
  },
  {
    name: 'jobs resume',
    operands: ['JOB'],
    summary: 'let a paused job go on',
    run: (call) => steer(call, 'resume'),
  },
  {
    name: 'run',
    operands: ['JOB'],
    summary: 'have a job run now, such as lifecycle, wait until it has nothing more to do, and say what it did',
    run: runJob,
  },
];

async function showJobs({ loadConfig, print }: CommandCall): Promise<number> {
  const { client, z, jobSchema, jobsTable, nowMs } = await prepare(loadConfig());
  const { jobs } = await client.request({ method: 'GET', path: ['jobs'] }, z.object({ jobs: z.array(jobSchema) }));
  print(jobsTable(jobs, nowMs()));
  return 0;
}

async function steer({ loadConfig, print, operands }: CommandCall, action: 'pause' | 'resume'): Promise<number> {
  const { client, jobSchema, jobsTable, nowMs } = await prepare(loadConfig());
  print(jobsTable([await client.request(post(operands[0], action), jobSchema)], nowMs()));
  return 0;
}

async function runJob({ loadConfig, print, complain, operands: [name = ''] }: CommandCall): Promise<number> {
  const { client, z, jobSchema, describeDetails } = await prepare(loadConfig());
  const { setTimeout: pause } = await import('node:timers/promises');
  const jobsSchema = z.object({ jobs: z.array(jobSchema) });
  const { runsAsked } = await client.request(post(name, 'run'), jobSchema);
  for (;;) {
    const { jobs } = await client.request({ method: 'GET', path: ['jobs'] }, jobsSchema);
    const job = jobs.find((one) => one.name === name);
    // A server that was started anew meanwhile knows nothing of the run.
    if (job === undefined || job.runsAsked < runsAsked) {
      complain(`The server was started anew before ${name} had come to its end.`);
      return 1;
    }
    if (job.runsDone >= runsAsked) {
      print(`${name}: ${describeDetails(job.details)}`);
      return 0;
    }
    if (job.failures > 0 || job.state === 'paused') {
      complain(
        job.state === 'paused'
          ? `${name} is paused: let it go on with \`ninefold jobs resume ${name}\`.`
          : `${name} failed, and is tried again later: ${job.lastError}`,
      );
      return 1;
    }
    await pause(lookEveryMs);
  }
}

const lookEveryMs = 50;

function post(name: string | undefined, action: 'run' | 'pause' | 'resume'): AdminCall {
  return { method: 'POST', path: ['jobs', name ?? '', action] };
}

async function prepare(config: ReturnType<CommandCall['loadConfig']>) {
  const [{ z }, { openAdminClient }, { jobSchema }, { jobsTable, describeDetails }, { systemClock }] =
    await Promise.all([
      import('zod'),
      import('./admin-client.ts'),
      import('../admin/status-schema.ts'),
      import('./status-text.ts'),
      import('../lib/clock.ts'),
    ]);
  const client: AdminClient = openAdminClient(config);
  return { client, z, jobSchema, jobsTable, describeDetails, nowMs: () => systemClock.nowMs() };
}
