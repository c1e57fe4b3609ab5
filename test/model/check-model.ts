/**
 * Random sequences of steps against a real server and the reference model. One that fails is shrunk to a short script, which
 * is reported with the line that runs it again.
 */
import fc from 'fast-check';
import { performFaultStep } from './fault-steps.ts';
import { performLifecycleStep } from './lifecycle-steps.ts';
import { performObjectStep } from './object-steps.ts';
import { compareAll, performReadStep } from './read-steps.ts';
import { type Step, stepArbitrary } from './steps.ts';
import { performUploadStep } from './upload-steps.ts';
import { World } from './world.ts';

export interface ModelOptions {
  readonly seed: number;
  /** Steps to do at least, over all sequences, where there is time for as many. */
  readonly operations: number;
  /** Steps that one sequence has at most, on a server of its own. */
  readonly length: number;
  /** No step begins after this time, those of shrinking included. What is under way then takes up to `overtimeMs` more. */
  readonly limitMs: number;
  readonly report: (line: string) => void;
}

/** Where the one sequence that failed is found again. */
export interface ReplayOptions {
  readonly path: string;
  readonly commands: string;
}

/** For the last step, the comparison at the end, and stopping the server. */
export const overtimeMs = 60_000;
const operationsPerFault = 20;

class StepCommand implements fc.AsyncCommand<object, World> {
  readonly #step: Step;
  readonly #endMs: number;
  constructor(step: Step, endMs: number) {
    this.#step = step;
    this.#endMs = endMs;
  }
  /** Once the time is over a sequence has come to its end: what it did is compared and counted, and its server is stopped. */
  check(): boolean {
    return performance.now() < this.#endMs;
  }
  async run(_model: object, world: World): Promise<void> {
    world.operations += 1;
    await perform(world, this.#step);
  }
  toString(): string {
    return `\n  ${JSON.stringify(this.#step)}`;
  }
}

async function perform(world: World, step: Step): Promise<void> {
  switch (step.do) {
    case 'create upload':
    case 'put part':
    case 'copy part':
    case 'complete':
    case 'complete again':
    case 'abort':
      return performUploadStep(world, step);
    case 'get':
    case 'get current':
    case 'get part list':
    case 'list':
    case 'list versions':
    case 'list uploads':
      return performReadStep(world, step);
    case 'let rules act':
      return performLifecycleStep(world, step);
    case 'restart':
    case 'kill':
    case 'kill during put':
    case 'run job':
    case 'lose disks':
    case 'lose zone':
    case 'lose group':
    case 'give back':
    case 'copy disk':
    case 'give back old copy':
    case 'flip bit':
    case 'cut file':
      return performFaultStep(world, step);
    default:
      return performObjectStep(world, step);
  }
}

/** Resolves to the steps done; rejects with the shrunk script of the first sequence that failed. */
export async function checkModel(options: ModelOptions, replay?: ReplayOptions): Promise<number> {
  const { length, limitMs, report } = options;
  const endMs = performance.now() + limitMs;
  let operations = 0;
  const run = async (drawn: number, commands: Iterable<fc.AsyncCommand<object, World>>): Promise<void> => {
    if (performance.now() > endMs) return;
    await using world = await World.open(drawn);
    await fc.asyncModelRun(() => ({ model: {}, real: world }), commands);
    await compareAll(world);
    operations += world.operations;
  };
  // A smaller one would be no simpler, and each try takes as long as a sequence.
  const chance = fc.noShrink(fc.nat());
  // Without bias the lengths are spread evenly; with it most sequences would be short.
  const commands = fc.noBias(
    fc.commands([stepArbitrary(operationsPerFault).map((step) => new StepCommand(step, endMs))], {
      maxCommands: length,
      size: 'max',
      ...(replay !== undefined && { replayPath: replay.commands }),
    }),
  );
  for (let { seed } = options; operations < options.operations && performance.now() < endMs; seed++) {
    report(`seed ${seed}, ${operations} steps done`);
    const details = await fc.check(fc.asyncProperty(chance, commands, run), {
      seed,
      numRuns: 1,
      interruptAfterTimeLimit: Math.max(1, endMs + overtimeMs - performance.now()),
      ...(replay !== undefined && { path: replay.path }),
    });
    // One that was cut off has not failed: how many steps were done says that.
    if (details.counterexample !== null) throw new Error(describeFailure(details, length));
    if (replay !== undefined || details.interrupted) break;
  }
  if (operations < options.operations) report(`no more than ${operations} steps within ${limitMs} ms`);
  return operations;
}

/** What is shown of it may be its beginning alone: first the reason, then how to run it again, and the script at the end. */
function describeFailure(details: fc.RunDetails<[number, Iterable<fc.AsyncCommand<object, World>>]>, length: number) {
  const { seed, counterexample, counterexamplePath, errorInstance } = details;
  const script = counterexample?.map(String).join(' ') ?? 'nothing was run';
  const commands = /replayPath="([^"]*)"/.exec(script)?.[1] ?? '';
  const again = `node test/model/main.ts --seed ${seed} --length ${length} --path ${counterexamplePath} --commands '${commands}'`;
  const { message, stack = '' } =
    errorInstance instanceof Error ? errorInstance : { message: String(errorInstance), stack: '' };
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  return [message, `Run it again: ${again}`, ...frames, script].join('\n');
}
