/**
 * Events on a bus of EventBridge: AWS's own, or whatever speaks its protocol. AWS lets nobody else speak as `aws.s3`, so the
 * source is a name of the configuration.
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
import { z } from 'zod';
import { type EventTarget, notTakenAt } from '../target.ts';
import { type AwsTargetOptions, awsClient } from './aws-client.ts';

/** As EventBridge has it. */
const batchMax = 10;

const envelopeSchema = z.object({
  'detail-type': z.string(),
  time: z.string(),
  resources: z.array(z.string()),
  detail: z.unknown(),
});

const answerSchema = z.object({
  Entries: z.array(z.object({ ErrorCode: z.string().nullish(), ErrorMessage: z.string().nullish() })),
});

export function eventBridgeBus({ source, ...options }: AwsTargetOptions & { readonly source: string }): EventTarget {
  const { arn } = options;
  const call = awsClient('events', options);
  return {
    arn,
    batchMax,
    async send(messages, signal) {
      const body = { Entries: messages.map(({ text }) => entryOf(text, { bus: arn, source })) };
      const answer = await call({
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' },
        body: JSON.stringify(body),
        signal,
      });
      const { Entries } = answerSchema.parse(JSON.parse(answer));
      return notTakenAt(
        messages,
        messages.flatMap((_, at) => {
          const { ErrorCode = 'no answer', ErrorMessage } = Entries[at] ?? {};
          const isTaken = Entries[at] !== undefined && Entries[at].ErrorCode == null;
          return isTaken ? [] : [[at, `${ErrorCode}: ${ErrorMessage ?? ''}`] as const];
        }),
      );
    },
  };
}

/** What makes the bus put together again the envelope that a message is. */
function entryOf(text: string, { bus, source }: { bus: string; source: string }): object {
  const envelope = envelopeSchema.parse(JSON.parse(text));
  return {
    EventBusName: bus,
    Source: source,
    DetailType: envelope['detail-type'],
    Time: Date.parse(envelope.time) / 1000,
    Resources: envelope.resources,
    Detail: JSON.stringify(envelope.detail),
  };
}
