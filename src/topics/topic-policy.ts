/** The policies of topics: which there may be, and whom they let publish. */
import { type Identity, rootIdentity } from '../iam/identity.ts';
import { compilePolicy } from '../iam/policy/compile.ts';
import { contextOf } from '../iam/policy/context.ts';
import { decide, type NamedPolicy, noPermissions } from '../iam/policy/decide.ts';
import type { PolicyDocument } from '../iam/policy/document.ts';
import { hasPrincipalForm } from '../iam/policy/identity-policy.ts';
import { iamPolicyFault } from '../iam/policy/policy-fault.ts';
import type { Principal } from '../iam/policy/principal.ts';
import { readDocument } from '../iam/policy/read-document.ts';
import type { AccountRecord } from '../iam/records.ts';
import type { Topic } from './topic-book.ts';

/** Throws PolicyFault for what is no policy of a topic. */
export function readTopicPolicy(text: string): PolicyDocument {
  const document = readDocument(text.trim(), iamPolicyFault);
  for (const { principal, effect, action, resource } of document.statements) {
    if (principal === undefined) throw iamPolicyFault({ kind: 'no-principal' });
    if (principal.isNot && effect === 'Allow') throw iamPolicyFault({ kind: 'allow-not-principal' });
    if (!hasPrincipalForm(principal.values)) {
      throw iamPolicyFault({ kind: 'principal', text: JSON.stringify(principal.values) });
    }
    if (resource === undefined) throw iamPolicyFault({ kind: 'no-resource' });
    const other = action.values.find((name) => !/^(sns:|\*$)/i.test(name));
    if (other !== undefined) throw iamPolicyFault({ kind: 'action', text: other });
  }
  return document;
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

const serviceName = 's3.amazonaws.com';
const service: Principal = { kind: 'service', accountId: '', canonicalId: '', arn: '', names: [serviceName] };

/**
 * Whether events of a bucket may be published to a topic. S3 asks as the service, and where no policy says anything of that as the
 * account that owns the bucket: so an account's own topics need no policy.
 */
export function mayPublish(topic: Topic, bucket: { readonly name: string; readonly owner: AccountRecord }): boolean {
  const common = {
    action: 'sns:Publish',
    resource: topic.arn,
    resourceAccountId: topic.accountId,
    resourcePolicy: policyOf(topic),
  };
  const source = {
    'aws:SourceArn': `arn:aws:s3:::${bucket.name}`,
    'aws:SourceAccount': bucket.owner.id,
    'aws:SecureTransport': 'true',
  };
  const byService = decide({
    ...{ ...common, principal: service, permissions: noPermissions },
    context: contextOf({ ...source, 'aws:PrincipalIsAWSService': 'true', 'aws:PrincipalServiceName': serviceName }),
  });
  if (byService.outcome !== 'implicit-deny') return byService.outcome === 'allow';
  const principal: Identity = rootIdentity(bucket.owner);
  const context = contextOf({ ...source, 'aws:SourceOwner': bucket.owner.id, 'aws:PrincipalArn': principal.arn });
  return decide({ ...common, principal, permissions: { identity: 'all' }, context }).outcome === 'allow';
}
