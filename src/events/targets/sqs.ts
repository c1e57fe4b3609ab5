/**
 * Events as messages in a queue of SQS: AWS's own, or whatever speaks its JSON protocol.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
import type { Clock } from '../../lib/clock.ts';
import { type EventTarget, NotTaken } from '../target.ts';

/** Makes the headers that sign a request by Signature Version 4. */
export type Sign = (
  request: { readonly method: string; readonly rawPath: string; readonly host: string; readonly body: string },
  options: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly region: string;
    readonly service: string;
    readonly nowMs: number;
  },
) => Readonly<Record<string, string>>;

export interface SqsOptions {
  readonly arn: string;
  readonly queueUrl: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly sign: Sign;
}

/** The requests are signed for the region in the ARN. */
export function sqsQueue(options: SqsOptions): EventTarget {
  const { arn, queueUrl, accessKeyId, secretAccessKey, timeoutMs, clock, sign } = options;
  const { origin, host } = new URL(queueUrl);
  const region = arn.split(':')[3] ?? '';
  return {
    arn,
    async send(message, signal) {
      const body = JSON.stringify({ QueueUrl: queueUrl, MessageBody: message });
      const signed = sign(
        { method: 'POST', rawPath: '/', host, body },
        { accessKeyId, secretAccessKey, region, service: 'sqs', nowMs: clock.nowMs() },
      );
      const response = await fetch(`${origin}/`, {
        method: 'POST',
        body,
        redirect: 'error',
        headers: {
          ...signed,
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': 'AmazonSQS.SendMessage',
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      const answer = await response.text();
      if (!response.ok) throw new NotTaken(`answered ${response.status}: ${answer.slice(0, answerShownMax)}`);
    },
  };
}

/** As much of an answer as tells what is wrong. */
const answerShownMax = 200;
