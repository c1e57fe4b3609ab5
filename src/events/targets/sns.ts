/**
 * Events as messages to a topic of SNS: AWS's own, or whatever speaks its query protocol.
 * https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
 */
import { type EventTarget, notTakenAt } from '../target.ts';
import { type AwsTargetOptions, awsClient } from './aws-client.ts';

/** As SNS has it. */
const batchMax = 10;
const subject = 'Amazon S3 Notification';

export function snsTopic(options: AwsTargetOptions): EventTarget {
  const { arn } = options;
  const call = awsClient('sns', options);
  return {
    arn,
    batchMax,
    async send(messages, signal) {
      const form = new URLSearchParams({ Action: 'PublishBatch', Version: '2010-03-31', TopicArn: arn });
      for (const [at, { text }] of messages.entries()) {
        const entry = `PublishBatchRequestEntries.member.${at + 1}`;
        form.set(`${entry}.Id`, String(at));
        form.set(`${entry}.Message`, text);
        form.set(`${entry}.Subject`, subject);
      }
      const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
      const answer = await call({ headers, body: form.toString(), signal });
      const taken = idsIn(answer);
      const failed = messages.flatMap((_, at) => (taken.has(String(at)) ? [] : [at]));
      return notTakenAt(
        messages,
        failed.map((at) => [at, reasonIn(answer, at)]),
      );
    },
  };
}

/** Ids of the messages that an answer says were taken. */
function idsIn(answer: string): ReadonlySet<string> {
  const [, successful = ''] = /<Successful>(.*?)<\/Successful>/s.exec(answer) ?? [];
  return new Set([...successful.matchAll(/<Id>(\d+)<\/Id>/g)].map(([, id = '']) => id));
}

function reasonIn(answer: string, at: number): string {
  const [, failed = ''] = /<Failed>(.*?)<\/Failed>/s.exec(answer) ?? [];
  const entry = failed.split('</member>').find((one) => one.includes(`<Id>${at}</Id>`)) ?? '';
  const [, code = 'it is not among those that succeeded'] = /<Code>(.*?)<\/Code>/s.exec(entry) ?? [];
  const [, message = ''] = /<Message>(.*?)<\/Message>/s.exec(entry) ?? [];
  return message === '' ? code : `${code}: ${message}`;
}
