/** The sentence in which AWS says why a request is refused. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
import type { AccessQuestion, Decision, PolicyLayer } from './decide.ts';

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
  // Of who has not signed AWS says that it is anonymous.
  const who = principal.kind === 'anonymous' ? 'anonymous' : principal.arn;
  return `User: ${who} is not authorized to perform: ${action} on resource: "${resource}" ${why}`;
}
