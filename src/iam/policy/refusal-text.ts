/** The sentence in which AWS says why a request is refused. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
import type { AccessQuestion, Decision, PolicyLayer } from './decide.ts';
import type { Principal } from './principal.ts';

const denying: Readonly<Record<PolicyLayer, string>> = {
  identity: 'an identity-based policy',
  resource: 'a resource-based policy',
  boundary: 'a permissions boundary',
  session: 'a session policy',
};

const silent: Readonly<Record<PolicyLayer, string>> = {
  identity: 'identity-based policy',
  resource: 'resource-based policy',
  boundary: 'permissions boundary',
  session: 'session policy',
};

export function refusalText(
  { principal, action, resource }: Pick<AccessQuestion, 'principal' | 'action' | 'resource'>,
  { outcome, layer }: Decision,
): string {
  const why =
    outcome === 'explicit-deny'
      ? `with an explicit deny in ${denying[layer]}`
      : `because no ${silent[layer]} allows the ${action} action`;
  return `User: ${callerName(principal)} is not authorized to perform: ${action} on resource: "${resource}" ${why}`;
}

/** What AWS calls whoever asks: a service by its own name, and who has not signed anonymous. */
export function callerName({ kind, arn, names: [name] = [] }: Principal): string {
  if (kind === 'anonymous') return 'anonymous';
  return arn === '' && name !== undefined ? name : arn;
}
