/** The settings of events: where they can be sent. */
import { z } from 'zod';
import { awsArnForms, awsSchemas, timeoutSchema, urlSchema } from './config-aws-targets.ts';
import { brokerSchemas } from './config-brokers.ts';
import { durationSchema } from './config-durations.ts';

const webhookSchema = z.strictObject({
  url: urlSchema,
  secret: z.string().min(16, 'at least 16 characters'),
  timeoutMs: timeoutSchema,
});

const queueSchema = z.strictObject({ visibilityTimeout: durationSchema.default('30s') });

const arnForm = /^arn:aws:(sns|sqs|lambda|events):[a-z0-9-]*:\d{12}:.+$/;

const kinds = {
  webhook: webhookSchema.optional(),
  queue: queueSchema.optional(),
  ...awsSchemas,
  ...brokerSchemas,
};

/** A webhook stands for whatever its ARN says. */
const arnForms = { ...awsArnForms, queue: awsArnForms.sqs };

const targetSchema = z
  .strictObject({
    arn: z.string().regex(arnForm, 'an ARN such as arn:aws:sqs:us-east-1:000000000000:uploads'),
    ...kinds,
  })
  .refine(
    ({ arn: _, ...target }) => Object.values(target).filter((kind) => kind !== undefined).length === 1,
    `give one of ${Object.keys(kinds).join(', ')}`,
  )
  .refine(
    ({ arn, ...target }) =>
      Object.entries(arnForms).every(([kind, form]) => Reflect.get(target, kind) === undefined || form.test(arn)),
    'the ARN is of another service: a queue has one such as arn:aws:sqs:us-east-1:000000000000:uploads',
  );

export const eventsSchema = z
  .strictObject({
    retryFor: durationSchema.default('24h'),
    keepUnclaimedFor: durationSchema.default('336h'),
    targets: z.array(targetSchema).default([]),
  })
  .refine(
    ({ targets }) => new Set(targets.map(({ arn }) => arn)).size === targets.length,
    'two targets have the same ARN',
  );
