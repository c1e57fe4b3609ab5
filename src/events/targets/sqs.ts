/**
 * Events as messages in a queue of SQS: AWS's own, or whatever speaks its JSON protocol.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
 */
import { z } from 'zod';
import { sqsAttributes } from '../message-attributes.ts';
import { type EventMessage, type EventTarget, notTakenAt } from '../target.ts';
import { type AwsTargetOptions, awsClient } from './aws-client.ts';

/** As SQS has it. */
const batchMax = 10;

const answerSchema = z.object({
  Failed: z.array(z.object({ Id: z.string(), Code: z.string(), Message: z.string().optional() })).optional(),
});

export function sqsQueue({ queueUrl, ...options }: AwsTargetOptions & { readonly queueUrl: string }): EventTarget {
  const { arn } = options;
  const call = awsClient('sqs', { ...options, endpoint: queueUrl });
  return {
    arn,
    batchMax,
    async send(messages, signal) {
      const Entries = messages.map(({ text, event }, at) => ({
        Id: String(at),
        MessageBody: text,
        ...attributesOf(event),
      }));
      const answer = await call({
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessageBatch' },
        body: JSON.stringify({ QueueUrl: queueUrl, Entries }),
        signal,
      });
      const { Failed = [] } = answerSchema.parse(JSON.parse(answer));
      return notTakenAt(
        messages,
        Failed.map(({ Id, Code, Message = '' }) => [Number(Id), `${Code}: ${Message}`]),
      );
    },
  };
}

/** Those of a topic's message, where its envelope does not have them. */
function attributesOf(event: EventMessage['event']): object {
  if (!('topic' in event && event.isRaw && event.attributes !== undefined)) return {};
  return { MessageAttributes: sqsAttributes(event.attributes) };
}
