/**
 * Attributes of queues: which there may be, and what they mean.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
 */
import { z } from 'zod';
import { QueueError } from './errors.ts';

/** Attributes by SQS's names, with their text. */
export type QueueAttributes = Readonly<Record<string, string>>;

/** What attributes mean. */
export interface QueueSettings {
  readonly visibilityMs: number;
  /** Between being sent and being given out. */
  readonly delayMs: number;
  readonly messageBytesMax: number;
  /** How long a receiver waits for a message unless it says so. */
  readonly waitMs: number;
  /** How long messages are kept; absent where they are kept until they are deleted. */
  readonly retentionMs: number | undefined;
  /** Where messages go that were received so often. */
  readonly deadLetters: { readonly arn: string; readonly receivesMax: number } | undefined;
  /** ARNs of the queues whose dead letters come here: all of the account where absent. */
  readonly sources: readonly string[] | undefined;
}

/** SQS's limits and, where there is one, what is so without the attribute. */
const numbers: Readonly<Record<string, { readonly from: number; readonly to: number; readonly otherwise?: string }>> = {
  VisibilityTimeout: { from: 0, to: 43_200, otherwise: '30' },
  DelaySeconds: { from: 0, to: 900, otherwise: '0' },
  MaximumMessageSize: { from: 1024, to: 1024 * 1024, otherwise: String(1024 * 1024) },
  ReceiveMessageWaitTimeSeconds: { from: 0, to: 20, otherwise: '0' },
  MessageRetentionPeriod: { from: 60, to: 1_209_600 },
};

const redriveSchema = z.strictObject({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number().pipe(z.int().min(1).max(1000)),
});
const allowSchema = z
  .strictObject({
    redrivePermission: z.enum(['allowAll', 'denyAll', 'byQueue']),
    sourceQueueArns: z.array(z.string()).min(1).max(10).optional(),
  })
  .refine(
    ({ redrivePermission, sourceQueueArns }) => (redrivePermission === 'byQueue') === (sourceQueueArns !== undefined),
  );

/** Attributes of FIFO queues and of encryption, which no queue here has. */
const refused: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['FifoQueue', 'ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'].map((name) => [
      name,
      'FIFO queues are not implemented: events of S3 come to standard queues only.',
    ]),
  ),
  ...Object.fromEntries(
    ['KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds'].map((name) => [
      name,
      'Queues are not encrypted: leave it out, or encrypt what the data folder is on.',
    ]),
  ),
};

/** What is asked of the rest of the server. */
export interface AttributeChecks {
  /** What is wrong with the text of a policy. */
  readonly policyFault: (text: string) => string | undefined;
  /** Whether a queue takes the dead letters of this one. */
  readonly takesDeadLetters: (arn: string) => boolean;
}

/** What a queue has for the attributes that it was not given. */
export const attributesOtherwise: QueueAttributes = {
  ...Object.fromEntries(
    Object.entries(numbers).flatMap(([name, { otherwise }]) => (otherwise === undefined ? [] : [[name, otherwise]])),
  ),
  SqsManagedSseEnabled: 'false',
};

export const attributeNames: ReadonlySet<string> = new Set([
  ...[...Object.keys(numbers), ...Object.keys(refused)],
  ...['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'SqsManagedSseEnabled'],
]);

/** With attributes over others; one that is empty is taken away. Throws QueueError for what no queue here can have. */
export function withAttributes(now: QueueAttributes, given: QueueAttributes, checks: AttributeChecks): QueueAttributes {
  for (const [name, value] of Object.entries(given)) check(name, value, checks);
  return Object.fromEntries(Object.entries({ ...now, ...given }).filter(([, value]) => value !== ''));
}

function check(name: string, value: string, checks: AttributeChecks): void {
  if (!attributeNames.has(name)) throw new QueueError('InvalidAttributeName', `Unknown Attribute ${name}.`);
  if (value === '') return;
  if (refused[name] !== undefined) {
    throw new QueueError('AWS.SimpleQueueService.UnsupportedOperation', `${name}: ${refused[name]}`);
  }
  const range = numbers[name];
  if (range !== undefined) {
    const isIn = /^\d{1,8}$/.test(value) && Number(value) >= range.from && Number(value) <= range.to;
    if (!isIn) throw invalid(name, { why: `It is a number from ${range.from} to ${range.to}.` });
  } else if (name === 'SqsManagedSseEnabled') {
    if (value === 'true')
      throw new QueueError('AWS.SimpleQueueService.UnsupportedOperation', `${name}: ${refused['KmsMasterKeyId']}`);
    if (value !== 'false') throw invalid(name, { why: 'It is true or false.' });
  } else checkDocument(name, value, checks);
}

function checkDocument(name: string, value: string, { policyFault, takesDeadLetters }: AttributeChecks): void {
  if (name === 'Policy') {
    const fault = policyFault(value);
    if (fault !== undefined) throw invalid(name, { why: fault });
  } else if (name === 'RedriveAllowPolicy') {
    if (read(value, allowSchema) === undefined) {
      throw invalid(name, {
        why: 'It has redrivePermission, allowAll, denyAll or byQueue, and with the last one up to ten sourceQueueArns.',
      });
    }
  } else {
    const policy = read(value, redriveSchema);
    if (policy === undefined) {
      throw invalid(name, { why: 'It has deadLetterTargetArn and maxReceiveCount, a number from 1 to 1000.' });
    }
    if (!takesDeadLetters(policy.deadLetterTargetArn)) {
      throw new QueueError(
        'InvalidParameterValue',
        `Value ${value} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist, or does not take dead letters of this queue.`,
      );
    }
  }
}

function invalid(name: string, { why }: { readonly why: string }): QueueError {
  return new QueueError('InvalidAttributeValue', `Invalid value for the parameter ${name}. Reason: ${why}`);
}

function read<S extends z.ZodType>(text: string, schema: S): z.infer<S> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Of attributes that were checked when they were given. */
export function settingsOf(given: QueueAttributes): QueueSettings {
  const numberOf = (name: string) => Number(given[name] ?? attributesOtherwise[name]);
  const { MessageRetentionPeriod: retention, RedrivePolicy: redrive = '', RedriveAllowPolicy: allow = '' } = given;
  const deadLetters = redrive === '' ? undefined : read(redrive, redriveSchema);
  const allowed = allow === '' ? undefined : read(allow, allowSchema);
  return {
    visibilityMs: numberOf('VisibilityTimeout') * 1000,
    delayMs: numberOf('DelaySeconds') * 1000,
    messageBytesMax: numberOf('MaximumMessageSize'),
    waitMs: numberOf('ReceiveMessageWaitTimeSeconds') * 1000,
    retentionMs: retention === undefined ? undefined : Number(retention) * 1000,
    deadLetters: deadLetters && { arn: deadLetters.deadLetterTargetArn, receivesMax: deadLetters.maxReceiveCount },
    sources: allowed?.redrivePermission === 'denyAll' ? [] : allowed?.sourceQueueArns,
  };
}
