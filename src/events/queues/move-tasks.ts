/**
 * Tasks that move what is in a queue of dead letters to where it came from, or to another queue, as SQS has them. They are kept, and
 * go on after a restart. Each message moves in one commit: it is in one of the queues at any moment, and once.
 *
 * A task passes over its queue once, up to what was there when it began: what comes back meanwhile is not moved again, and what is out
 * when the task comes by stays.
 */
import { z } from 'zod';
import type { OutboxEntry } from '../../engine/types.ts';
import type { Clock } from '../../lib/clock.ts';
import { randomUuid } from '../../lib/ids.ts';
import { Turns } from '../../lib/turns.ts';
import { QueueError } from './errors.ts';
import type { MessageQueue } from './message-queue.ts';

/** As SQS has it: so many are listed of a queue. */
export const tasksKept = 10;
/** In one commit. */
const atOnce = 10;
const stepMax = 200;

const taskSchema = z.strictObject({
  id: z.string(),
  source: z.string(),
  /** ARN; absent where messages go back to where they came from. */
  destination: z.string().optional(),
  perSecond: z.int().optional(),
  status: z.enum(['RUNNING', 'COMPLETED', 'CANCELLED', 'FAILED']),
  failure: z.string().optional(),
  startedMs: z.int(),
  toMove: z.int(),
  moved: z.int(),
  /** Sequence that it has come to. */
  after: z.int(),
});
const stateSchema = z.strictObject({ v: z.literal(1), tasks: z.array(taskSchema) });
export type MoveTask = Readonly<z.infer<typeof taskSchema>>;

export interface MoveTasksParts {
  /** Keeps the tasks, as JSON text. */
  readonly state: { load(): Promise<string | undefined>; save(state: string): Promise<void> };
  readonly find: (arn: string) => MessageQueue | undefined;
  /** Moves messages of a queue, each to the queue beside it, in one commit. */
  readonly move: (from: MessageQueue, messages: readonly { entry: OutboxEntry; to: MessageQueue }[]) => Promise<void>;
  readonly clock: Clock;
}

/** What a step has done. */
export interface MoveStep {
  readonly moved: number;
  /** Whether a task has not come to its end yet. */
  readonly isUnderWay: boolean;
  /** Whether one could go on at once. */
  readonly isBusy: boolean;
}

/** Why a task comes to its end before it has moved everything. */
class MoveFailure extends Error {
  override readonly name = 'MoveFailure';
}

export class MoveTasks {
  readonly #parts: MoveTasksParts;
  readonly #turns = new Turns<'tasks'>();
  #tasks: readonly MoveTask[] | undefined;
  /** When this process took up a task that has a rate, and how far it was. */
  readonly #begun = new Map<string, { readonly atMs: number; readonly moved: number }>();

  constructor(parts: MoveTasksParts) {
    this.#parts = parts;
  }

  /** Begins one. Throws UnsupportedOperation while another one is under way. */
  start(source: MessageQueue, asked: Pick<MoveTask, 'destination' | 'perSecond'>): Promise<MoveTask> {
    return this.#turns.take('tasks', async () => {
      const tasks = await this.#load();
      if (tasks.some((one) => one.source === source.arn && one.status === 'RUNNING')) {
        throw new QueueError(
          'AWS.SimpleQueueService.UnsupportedOperation',
          'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
        );
      }
      const task: MoveTask = {
        ...{ id: randomUuid(), source: source.arn, ...asked, status: 'RUNNING', moved: 0, after: 0 },
        ...{ startedMs: this.#parts.clock.nowMs(), toMove: (await source.sizes()).waiting },
      };
      await this.#save([task, ...tasks]);
      return task;
    });
  }

  /** Those of a queue, the last one first. */
  async list(source: string): Promise<readonly MoveTask[]> {
    return (await this.#load()).filter((task) => task.source === source);
  }

  /** Ends one, and says how many messages it has moved. Throws ResourceNotFoundException, UnsupportedOperation. */
  cancel(id: string): Promise<number> {
    return this.#turns.take('tasks', async () => {
      const tasks = await this.#load();
      const task = tasks.find((one) => one.id === id);
      if (task === undefined) throw new QueueError('ResourceNotFoundException', 'Task does not exist.');
      if (task.status !== 'RUNNING') {
        throw new QueueError('AWS.SimpleQueueService.UnsupportedOperation', 'Only active tasks can be cancelled.');
      }
      await this.#save(tasks.map((one) => (one === task ? { ...task, status: 'CANCELLED' } : one)));
      return task.moved;
    });
  }

  /** Goes on with all that are under way. */
  step(): Promise<MoveStep> {
    return this.#turns.take('tasks', async () => {
      const before = await this.#load();
      if (!before.some(({ status }) => status === 'RUNNING')) return { moved: 0, isUnderWay: false, isBusy: false };
      const after: MoveTask[] = [];
      for (const task of before) after.push(task.status === 'RUNNING' ? await this.#advance(task) : task);
      if (after.some((task, at) => task !== before[at])) await this.#save(after);
      const movedBy = (tasks: readonly MoveTask[]) => tasks.reduce((sum, { moved }) => sum + moved, 0);
      return {
        moved: movedBy(after) - movedBy(before),
        isUnderWay: after.some(({ status }) => status === 'RUNNING'),
        isBusy: after.some(({ status, perSecond }) => status === 'RUNNING' && perSecond === undefined),
      };
    });
  }

  async #advance(task: MoveTask): Promise<MoveTask> {
    let { after, moved } = task;
    const untilMoved = moved + this.#allowance(task);
    if (untilMoved <= moved) return task;
    try {
      const from = this.#find(task.source);
      while (moved < untilMoved) {
        const range = { after, max: Math.min(atOnce, untilMoved - moved), untilMs: task.startedMs };
        const { given, next } = await from.give(range, (entries) =>
          this.#parts.move(
            from,
            entries.map((entry) => ({ entry, to: this.#find(task.destination ?? sourceOf(entry)) })),
          ),
        );
        moved += given;
        if (next === undefined) return { ...task, moved, after, status: 'COMPLETED' };
        after = next;
      }
    } catch (error) {
      if (!(error instanceof MoveFailure)) throw error;
      return { ...task, moved, after, status: 'FAILED', failure: error.message };
    }
    return { ...task, moved, after };
  }

  /** How many messages a task may move now. */
  #allowance({ id, perSecond, moved }: MoveTask): number {
    if (perSecond === undefined) return stepMax;
    const nowMs = this.#parts.clock.nowMs();
    const begun = this.#begun.get(id) ?? { atMs: nowMs, moved };
    this.#begun.set(id, begun);
    return Math.min(stepMax, 1 + Math.floor(((nowMs - begun.atMs) * perSecond) / 1000) - (moved - begun.moved));
  }

  #find(arn: string): MessageQueue {
    const queue = this.#parts.find(arn);
    if (queue === undefined) throw new MoveFailure('AWS.SimpleQueueService.NonExistentQueue');
    return queue;
  }

  async #load(): Promise<readonly MoveTask[]> {
    if (this.#tasks !== undefined) return this.#tasks;
    const text = await this.#parts.state.load();
    this.#tasks ??= text === undefined ? [] : (stateSchema.safeParse(JSON.parse(text)).data?.tasks ?? []);
    return this.#tasks;
  }

  /** Of each queue that is there the last ones. */
  async #save(all: readonly MoveTask[]): Promise<void> {
    const known = new Map<string, number>();
    const tasks = all.filter(({ source, status }) => {
      const count = (known.get(source) ?? 0) + 1;
      known.set(source, count);
      return status === 'RUNNING' || (count <= tasksKept && this.#parts.find(source) !== undefined);
    });
    await this.#parts.state.save(JSON.stringify({ v: 1, tasks }));
    this.#tasks = tasks;
    for (const { id, status } of tasks) if (status !== 'RUNNING') this.#begun.delete(id);
  }
}

/** The queue that a dead letter was in. Of what was sent to a queue of dead letters by itself nobody knows. */
function sourceOf({ event }: OutboxEntry): string {
  const source = 'deadLetterSource' in event ? event.deadLetterSource : undefined;
  if (source === undefined) throw new MoveFailure('CouldNotDetermineMessageSource');
  return source;
}
