/** Moving dead letters. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html and its neighbours */
import { z } from 'zod';
import { QueueError } from './errors.ts';
import type { MessageQueue } from './message-queue.ts';
import { type MoveTask, tasksKept } from './move-tasks.ts';
import { type Action, action, type QueueSet } from './queue-set.ts';

/** Messages in a second, as SQS has it. */
const rateMax = 500;

const source = { SourceArn: z.string() };
const handleSchema = z.strictObject({ taskId: z.string(), sourceArn: z.string() });

export const moveActions: readonly (readonly [name: string, run: Action])[] = [
  [
    'StartMessageMoveTask',
    action(
      z.strictObject({
        ...source,
        DestinationArn: z.string().optional(),
        MaxNumberOfMessagesPerSecond: z.int().min(1).max(rateMax).optional(),
      }),
      startTask,
    ),
  ],
  [
    'ListMessageMoveTasks',
    action(z.strictObject({ ...source, MaxResults: z.int().min(1).max(tasksKept).default(1) }), listTasks),
  ],
  ['CancelMessageMoveTask', action(z.strictObject({ TaskHandle: z.string() }), cancelTask)],
];

async function startTask(
  set: QueueSet,
  input: {
    SourceArn: string;
    DestinationArn?: string | undefined;
    MaxNumberOfMessagesPerSecond?: number | undefined;
  },
): Promise<object> {
  const { SourceArn, DestinationArn: destination, MaxNumberOfMessagesPerSecond: perSecond } = input;
  const from = found(set, SourceArn, { parameter: 'SourceArn' });
  if (sourcesOf(set, SourceArn).length === 0) {
    throw new QueueError('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.');
  }
  if (destination !== undefined) found(set, destination, { parameter: 'DestinationArn' });
  if (destination === SourceArn) {
    throw new QueueError('InvalidParameterValue', 'Source queue and destination queue cannot be the same.');
  }
  const task = await set.moves.start(from, {
    ...(destination !== undefined && { destination }),
    ...(perSecond !== undefined && { perSecond }),
  });
  return { TaskHandle: handleOf(task) };
}

async function listTasks(
  set: QueueSet,
  { SourceArn, MaxResults }: { SourceArn: string; MaxResults: number },
): Promise<object> {
  found(set, SourceArn, { parameter: 'SourceArn' });
  const tasks = await set.moves.list(SourceArn);
  return { Results: tasks.slice(0, MaxResults).map(shown) };
}

async function cancelTask(set: QueueSet, { TaskHandle }: { TaskHandle: string }): Promise<object> {
  const named = taskIn(TaskHandle);
  if (named === undefined) {
    throw new QueueError('InvalidParameterValue', 'Value for parameter TaskHandle is invalid.');
  }
  found(set, named.sourceArn, { parameter: 'SourceArn' });
  return { ApproximateNumberOfMessagesMoved: await set.moves.cancel(named.taskId) };
}

/** The queues whose dead letters come to one. */
export function sourcesOf(set: Pick<QueueSet, 'all'>, arn: string): readonly MessageQueue[] {
  return set.all().filter(({ settings }) => settings.deadLetters?.arn === arn);
}

function found(set: QueueSet, arn: string, { parameter }: { readonly parameter: string }): MessageQueue {
  const queue = set.all().find((one) => one.arn === arn);
  if (queue !== undefined) return queue;
  throw new QueueError(
    'ResourceNotFoundException',
    `The resource that you specified for the ${parameter} parameter doesn't exist.`,
  );
}

function shown(task: MoveTask): object {
  const { status, source: SourceArn, destination, perSecond, failure } = task;
  return {
    ...(status === 'RUNNING' && { TaskHandle: handleOf(task) }),
    ...{ Status: status, SourceArn },
    ...(destination !== undefined && { DestinationArn: destination }),
    ...(perSecond !== undefined && { MaxNumberOfMessagesPerSecond: perSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(failure !== undefined && { FailureReason: failure }),
    StartedTimestamp: task.startedMs,
  };
}

function handleOf({ id, source: sourceArn }: MoveTask): string {
  return Buffer.from(JSON.stringify({ taskId: id, sourceArn })).toString('base64');
}

/** What a handle says; undefined for what is none. */
export function taskIn(handle: string): z.infer<typeof handleSchema> | undefined {
  try {
    return handleSchema.safeParse(JSON.parse(Buffer.from(handle, 'base64').toString())).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
