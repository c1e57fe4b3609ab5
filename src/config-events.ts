/** The settings of events: where they can be sent. */
import { z } from 'zod';
import { brokerSchemas } from './config-brokers.ts';
import { durationSchema } from './config-durations.ts';

const urlSchema = z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' });
const timeoutSchema = z.int().min(100).default(10_000);

const webhookSchema = z.strictObject({
  url: urlSchema,
  secret: z.string().min(16, 'at least 16 characters'),
  timeoutMs: timeoutSchema,
});

const sqsSchema = z.strictObject({
  queueUrl: urlSchema.refine((url) => !url.endsWith('.fifo'), 'a standard queue: events do not go to FIFO queues'),
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  timeoutMs: timeoutSchema,
});

const queueSchema = z.strictObject({ visibilityTimeout: durationSchema.default('30s') });

const arnForm = /^arn:aws:(sns|sqs|lambda|events):[a-z0-9-]*:\d{12}:.+$/;
const queueArnForm = /^arn:aws:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}$/;

const kinds = {
  webhook: webhookSchema.optional(),
  sqs: sqsSchema.optional(),
  queue: queueSchema.optional(),
  ...brokerSchemas,
};

const targetSchema = z
  .strictObject({
    arn: z.string().regex(arnForm, 'an ARN such as arn:aws:sqs:us-east-1:000000000000:uploads'),
    ...kinds,
  })
  .refine(
    ({ arn, ...target }) => Object.values(target).filter((kind) => kind !== undefined).length === 1,
    `give one of ${Object.keys(kinds).join(', ')}`,
  )
  .refine(
    ({ arn, sqs, queue }) => (sqs === undefined && queue === undefined) || queueArnForm.test(arn),
    'a queue has the ARN of one, such as arn:aws:sqs:us-east-1:000000000000:uploads',
  );

export const eventsSchema = z
  .strictObject({
    retryFor: durationSchema.default('24h'),
    targets: z.array(targetSchema).default([]),
  })
  .refine(
    ({ targets }) => new Set(targets.map(({ arn }) => arn)).size === targets.length,
    'two targets have the same ARN',
  );
