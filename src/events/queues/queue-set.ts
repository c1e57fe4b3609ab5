/** What actions on queues work on, and how they name a queue. */
import { z } from 'zod';
import type { OutboxEntry, QueueMessage } from '../../engine/types.ts';
import type { Clock } from '../../lib/clock.ts';
import { QueueError } from './errors.ts';
import type { MessageQueue, QueueState } from './message-queue.ts';
import type { MoveTasks } from './move-tasks.ts';
import type { Receivers } from './receivers.ts';

export interface QueueCall {
  /** Account of whoever asks. */
  readonly accountId: string;
  /** Id of whoever asks, as `aws:userid` has it. */
  readonly senderId: string;
  /** Scheme and host the client used. */
  readonly origin: string;
  /** Aborts once nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

/** A queue that is to be made, or that is. */
export interface QueueNamed {
  readonly accountId: string;
  readonly name: string;
}

export type GivenState = Pick<QueueState, 'attributes' | 'tags'>;

export interface QueueSet {
  /** All that there are now. */
  all(): readonly MessageQueue[];
  /** Makes one, unless there is one of the name; resolves to its ARN once it is durable. */
  create(queue: QueueNamed, given: GivenState): Promise<string>;
  /** Gives one other attributes and tags. Throws for a queue of the configuration; what `decide` throws is thrown on. */
  change(queue: MessageQueue, decide: (now: GivenState) => Partial<GivenState>): Promise<void>;
  /** Resolves to false for a queue of the configuration, which stays. */
  remove(queue: MessageQueue): Promise<boolean>;
  readonly clock: Clock;
  readonly receivers: Receivers;
  readonly moves: Pick<MoveTasks, 'start' | 'list' | 'cancel'>;
  /** Puts messages into queues, each by its ARN; resolves once they are durable. */
  post(messages: readonly { readonly target: string; readonly event: QueueMessage }[]): Promise<void>;
  /** Text of the message that an event is. */
  readonly bodyOf: (entry: OutboxEntry, arn: string) => string;
  /** What is wrong with the text of a policy. */
  readonly policyFault: (text: string) => string | undefined;
  /** Text of a policy with one more statement; undefined if it has one of that label. */
  withPermission(text: string, permission: QueuePermission): string | undefined;
  /** Text of a policy without a statement; undefined if there is none of that label. */
  withoutPermission(text: string, statement: Pick<QueuePermission, 'label'>): string | undefined;
}

/** What AddPermission gives to accounts. */
export interface QueuePermission {
  readonly label: string;
  readonly accountIds: readonly string[];
  readonly actions: readonly string[];
  readonly resource: string;
}

/** Resolves to undefined where the action has no answer. Throws QueueError, also where the input is not as the action takes it. */
export type Action = (set: QueueSet, input: unknown, call: QueueCall) => Promise<object | undefined>;

export function action<S extends z.ZodType>(
  schema: S,
  run: (set: QueueSet, input: z.infer<S>, call: QueueCall) => Promise<object | undefined>,
): Action {
  return async (set, input, call) => {
    const parsed = schema.safeParse(input, { reportInput: true });
    if (!parsed.success) throw invalid(parsed.error.issues[0]);
    return run(set, parsed.data, call);
  };
}

/** Of a value that is refused. */
const shownMax = 200;

export const queueUrl = { QueueUrl: z.string() };
export const names = z.array(z.string()).optional();
export const handle = { ReceiptHandle: z.string() };
export const visibility = z.int().min(0).max(43_200);

/** Members of inputs that AWS has for FIFO queues alone. */
const ofFifo = new Set(['MessageDeduplicationId', 'ReceiveRequestAttemptId']);

function invalid(issue: z.core.$ZodIssue | undefined): QueueError {
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const reason = ofFifo.has(key)
      ? 'The request include parameter that is not valid for this queue type'
      : 'There is no such parameter here';
    return invalidValue([...path, key].join('.'), { value: Object(issue.input)[key], reason });
  }
  if (issue?.input === undefined && path.length > 0) return missing(path.join('.'));
  return invalidValue(path.join('.'), { value: issue?.input, reason: `${issue?.message}.` });
}

function invalidValue(
  parameter: string,
  { value, reason }: { readonly value: unknown; readonly reason: string },
): QueueError {
  const shown = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  return new QueueError(
    'InvalidParameterValue',
    `Value ${shown.slice(0, shownMax)} for parameter ${parameter} is invalid. Reason: ${reason}`,
  );
}

export function missing(parameter: string): QueueError {
  return new QueueError('MissingParameter', `The request must contain the parameter ${parameter}.`);
}

export function queueOf(set: QueueSet, url: string): MessageQueue {
  const queue = set.all().find((one) => isAt(one, url));
  if (queue === undefined) throw noQueue();
  return queue;
}

/** The queue of a name, if there is one. */
export function named(set: QueueSet, { accountId, name }: QueueNamed): MessageQueue | undefined {
  return set.all().find(({ arn }) => accountIn(arn) === accountId && nameIn(arn) === name);
}

/** What asks to change a queue that the operator has made. */
export function ofConfiguration({ arn }: MessageQueue): QueueError {
  return new QueueError(
    'AWS.SimpleQueueService.UnsupportedOperation',
    `The queue ${nameIn(arn)} is one of the configuration: what it is, its entry in events.targets says.`,
  );
}

export function noQueue(): QueueError {
  return new QueueError('AWS.SimpleQueueService.NonExistentQueue', 'The specified queue does not exist.');
}

/** Whatever host it names. */
export function isAt({ arn }: MessageQueue, url: string): boolean {
  return url.endsWith(`/${accountIn(arn)}/${nameIn(arn)}`);
}

export function urlOf(arn: string, { origin }: QueueCall): string {
  return `${origin}/${accountIn(arn)}/${nameIn(arn)}`;
}

export function accountIn(arn: string): string {
  return arn.split(':')[4] ?? '';
}

export function nameIn(arn: string): string {
  return arn.split(':')[5] ?? '';
}

/** As SQS has it. */
export const batchMax = 10;

/** Throws where a batch has no entries, too many, or two of one id. */
export function checkBatch(entries: readonly { readonly Id: string }[]): void {
  if (entries.length === 0) {
    throw new QueueError(
      'AWS.SimpleQueueService.EmptyBatchRequest',
      'There should be at least one entry in the request.',
    );
  }
  if (entries.length > batchMax) {
    throw new QueueError(
      'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${batchMax}. You have sent ${entries.length}.`,
    );
  }
  if (entries.some(({ Id }) => !/^[\w-]{1,80}$/.test(Id))) {
    throw new QueueError(
      'AWS.SimpleQueueService.InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    );
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw new QueueError('AWS.SimpleQueueService.BatchEntryIdsNotDistinct', `Id ${repeatedIn(entries)} repeated.`);
  }
}

function repeatedIn(entries: readonly { readonly Id: string }[]): string {
  const ids = entries.map(({ Id }) => Id);
  return ids.find((id, at) => ids.indexOf(id) < at) ?? '';
}

export interface BatchFailure {
  readonly Id: string;
  readonly Code: string;
  readonly Message: string;
  readonly SenderFault: true;
}

/** What an entry of a batch is refused with, while the others go on. Throws what is no QueueError. */
export function failureOf(Id: string, error: unknown): BatchFailure {
  if (!(error instanceof QueueError)) throw error;
  return { Id, Code: error.code, Message: error.message, SenderFault: true };
}

/** Throws InvalidAttributeName. */
export function requireKnown(wanted: readonly string[], known: { has(name: string): boolean }): void {
  const unknown = wanted.find((name) => !known.has(name));
  if (unknown !== undefined) throw new QueueError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
}

export function chosen(all: Readonly<Record<string, string>>, wanted: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name) || wanted.includes('All')));
}
