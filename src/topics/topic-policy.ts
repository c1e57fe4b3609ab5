/** The policies of topics: which there may be, and whom they let publish. */
import { compilePolicy } from '../iam/policy/compile.ts';
import type { NamedPolicy } from '../iam/policy/decide.ts';
import type { PolicyDocument } from '../iam/policy/document.ts';
import { readResourcePolicy } from '../iam/policy/resource-policy.ts';
import type { AccountRecord } from '../iam/records.ts';
import { maySend } from './service-permission.ts';
import type { Topic } from './topic-book.ts';

/** Throws PolicyFault for what is no policy of a topic. */
export function readTopicPolicy(text: string): PolicyDocument {
  return readResourcePolicy(text, { service: 'sns' });
}

/** What a topic has unless another is given, as at AWS: who belongs to the account may use it. */
export function policyTextOf({ arn, accountId, record }: Topic): string {
  if (record.policy !== undefined) return record.policy;
  const actions = ['GetTopicAttributes', 'SetTopicAttributes', 'AddPermission', 'RemovePermission', 'DeleteTopic'];
  const further = ['Subscribe', 'ListSubscriptionsByTopic', 'Publish'];
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [...actions, ...further].map((name) => `SNS:${name}`),
        Resource: arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': accountId } },
      },
    ],
  });
}

const compiled = new WeakMap<object, NamedPolicy>();

/** By the record, which every change makes anew. */
export function policyOf(topic: Topic): NamedPolicy {
  const known = compiled.get(topic.record);
  if (known !== undefined) return known;
  const policy = { name: "the topic's policy", policy: compilePolicy(readTopicPolicy(policyTextOf(topic))) };
  compiled.set(topic.record, policy);
  return policy;
}

/** Whether events of a bucket may be published to a topic. */
export function mayPublish(topic: Topic, bucket: { readonly name: string; readonly owner: AccountRecord }): boolean {
  return maySend(
    { action: 'sns:Publish', arn: topic.arn, accountId: topic.accountId, policy: policyOf(topic) },
    { service: 's3.amazonaws.com', arn: `arn:aws:s3:::${bucket.name}`, account: bucket.owner },
  );
}
