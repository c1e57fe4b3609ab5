/** What a request wants to do with which queues, for whoever decides whether it may. */
import { z } from 'zod';
import type { MessageQueue } from './message-queue.ts';
import { sourcesOf, taskIn } from './move-actions.ts';
import { isAt, named, type QueueSet } from './queue-set.ts';

/** How any input may name a queue; what does not is refused when the action reads it. */
const text = z.string().optional().catch(undefined);
const tags = z.record(z.string(), z.string()).optional().catch(undefined);
const namedSchema = z
  .object({
    ...{ QueueUrl: text, QueueName: text, QueueOwnerAWSAccountId: text, tags, Tags: tags },
    ...{ SourceArn: text, DestinationArn: text, TaskHandle: text },
  })
  .catch({});
type Named = z.infer<typeof namedSchema>;

export interface AskedAction {
  /** As policies name it, with its service. */
  readonly action: string;
  /** Whether or not there is such a queue. */
  readonly arn: string;
  readonly queue: MessageQueue | undefined;
  /** Tags that the request brings. */
  readonly sentTags: Readonly<Record<string, string>>;
}

interface Asking {
  readonly name: string;
  readonly input: unknown;
  readonly region: string;
  /** Of whoever asks. */
  readonly accountId: string;
}

/**
 * What moves messages takes them from a queue and sends them to others, so whoever asks for it must be allowed that too.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
 */
const besides: Readonly<Record<string, readonly string[]>> = {
  StartMessageMoveTask: ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'],
  CancelMessageMoveTask: ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'],
  ListMessageMoveTasks: ['GetQueueAttributes'],
};

export function askedOf(set: QueueSet, asking: Asking): readonly AskedAction[] {
  const { name } = asking;
  const input = namedSchema.parse(asking.input);
  const more = besides[name];
  if (more === undefined) return [askedByName(set, input, asking)];
  const source = input.SourceArn ?? taskIn(input.TaskHandle ?? '')?.sourceArn ?? anyOf(asking);
  const destinations =
    input.DestinationArn === undefined ? sourcesOf(set, source).map(({ arn }) => arn) : [input.DestinationArn];
  return [
    ...[name, ...more].map((one) => askedByArn(set, { action: `sqs:${one}`, arn: source })),
    ...(name === 'StartMessageMoveTask' ? destinations : []).map((arn) =>
      askedByArn(set, { action: 'sqs:SendMessage', arn }),
    ),
  ];
}

function askedByName(set: QueueSet, input: Named, { name: action, region, accountId }: Asking): AskedAction {
  const { QueueUrl, QueueName, QueueOwnerAWSAccountId: owner = accountId } = input;
  const name = QueueName ?? QueueUrl?.split('/').at(-1) ?? '*';
  const queue =
    (QueueUrl === undefined ? undefined : set.all().find((one) => isAt(one, QueueUrl))) ??
    named(set, { accountId: owner, name });
  return {
    action: `sqs:${action.replace(/Batch$/, '')}`,
    ...{ arn: queue?.arn ?? `arn:aws:sqs:${region}:${owner}:${name}`, queue },
    sentTags: { ...input.tags, ...input.Tags },
  };
}

function askedByArn(set: QueueSet, named: Pick<AskedAction, 'action' | 'arn'>): AskedAction {
  return { ...named, queue: set.all().find(({ arn }) => arn === named.arn), sentTags: {} };
}

/** All that the account has. */
function anyOf({ region, accountId }: Asking): string {
  return `arn:aws:sqs:${region}:${accountId}:*`;
}
