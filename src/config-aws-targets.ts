/** The settings of targets that are spoken to by AWS's APIs: AWS's own, or whatever speaks them at another endpoint. */
import { z } from 'zod';

export const urlSchema = z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' });
export const timeoutSchema = z.int().min(100).default(10_000);

const access = {
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  timeoutMs: timeoutSchema,
};

const sqsSchema = z.strictObject({
  queueUrl: urlSchema.refine((url) => !url.endsWith('.fifo'), 'a standard queue: events do not go to FIFO queues'),
  ...access,
});

/** Without an endpoint AWS's own of the region in the ARN. */
const serviceSchema = z.strictObject({ endpoint: urlSchema.optional(), ...access });

const eventBridgeSchema = serviceSchema.extend({
  source: z
    .string()
    .min(1)
    .max(256)
    .refine((source) => !source.startsWith('aws.'), 'a name that does not begin with aws., which AWS keeps for itself')
    .default('ninefold.s3'),
});

export const awsSchemas = {
  sqs: sqsSchema.optional(),
  sns: serviceSchema.optional(),
  lambda: serviceSchema.optional(),
  eventBridge: eventBridgeSchema.optional(),
};

export type AwsSettings = {
  readonly [K in keyof typeof awsSchemas]?: z.infer<(typeof awsSchemas)[K]>;
};

/** What the ARN of each is like. */
export const awsArnForms: { readonly [K in keyof typeof awsSchemas]: RegExp } = {
  sqs: /^arn:aws:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}$/,
  sns: /^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/,
  lambda: /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(:(\$LATEST|[A-Za-z0-9_-]{1,128}))?$/,
  eventBridge: /^arn:aws:events:[a-z0-9-]+:\d{12}:event-bus\/[A-Za-z0-9._/-]{1,256}$/,
};
