/** Whether a policy of a topic or a queue lets a service, S3 or SNS, send there. */
import { type Identity, rootIdentity } from '../iam/identity.ts';
import { contextOf } from '../iam/policy/context.ts';
import { decide, type NamedPolicy, noPermissions } from '../iam/policy/decide.ts';
import type { Principal } from '../iam/policy/principal.ts';
import type { AccountRecord } from '../iam/records.ts';

/** A topic or a queue, and what is done to it. */
export interface Destination {
  readonly action: 'sns:Publish' | 'sqs:SendMessage';
  readonly arn: string;
  readonly accountId: string;
  readonly policy: NamedPolicy | undefined;
}

/** On whose behalf. */
export interface SendingSource {
  readonly service: 's3.amazonaws.com' | 'sns.amazonaws.com';
  /** ARN of the bucket or the topic. */
  readonly arn: string;
  readonly account: Pick<AccountRecord, 'id' | 'displayName'> & Partial<AccountRecord>;
}

/**
 * It asks as the service, and where no policy says anything of that as the account that owns the bucket or the topic: so what is an
 * account's own needs no policy.
 */
export function maySend(
  { action, arn: resource, accountId: resourceAccountId, policy: resourcePolicy }: Destination,
  { service, arn, account }: SendingSource,
): boolean {
  const common = { action, resource, resourceAccountId, resourcePolicy };
  const source = { 'aws:SourceArn': arn, 'aws:SourceAccount': account.id, 'aws:SecureTransport': 'true' };
  const byService = decide({
    ...{ ...common, principal: principalOf(service), permissions: noPermissions },
    context: contextOf({ ...source, 'aws:PrincipalIsAWSService': 'true', 'aws:PrincipalServiceName': service }),
  });
  if (byService.outcome !== 'implicit-deny') return byService.outcome === 'allow';
  const principal: Identity = rootIdentity(account);
  const context = contextOf({ ...source, 'aws:SourceOwner': account.id, 'aws:PrincipalArn': principal.arn });
  return decide({ ...common, principal, permissions: { identity: 'all' }, context }).outcome === 'allow';
}

function principalOf(service: string): Principal {
  return { kind: 'service', accountId: '', canonicalId: '', arn: '', names: [service] };
}
