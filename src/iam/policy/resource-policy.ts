/** Policies that a resource has, such as those of topics and queues: which there may be, and statements that are added to one. */
import type { PolicyDocument } from './document.ts';
import { hasPrincipalForm } from './identity-policy.ts';
import { iamPolicyFault } from './policy-fault.ts';
import { readDocument } from './read-document.ts';

/** `service` is what its actions begin with. Throws PolicyFault for what is no policy of such a resource. */
export function readResourcePolicy(text: string, { service }: { readonly service: string }): PolicyDocument {
  const document = readDocument(text.trim(), iamPolicyFault);
  for (const { principal, effect, action, resource } of document.statements) {
    if (principal === undefined) throw iamPolicyFault({ kind: 'no-principal' });
    if (principal.isNot && effect === 'Allow') throw iamPolicyFault({ kind: 'allow-not-principal' });
    if (!hasPrincipalForm(principal.values)) {
      throw iamPolicyFault({ kind: 'principal', text: JSON.stringify(principal.values) });
    }
    if (resource === undefined) throw iamPolicyFault({ kind: 'no-resource' });
    const other = action.values.find((name) => name !== '*' && !name.toLowerCase().startsWith(`${service}:`));
    if (other !== undefined) throw iamPolicyFault({ kind: 'action', text: other });
  }
  return document;
}

/** What AddPermission gives to accounts. */
export interface Permission {
  readonly label: string;
  readonly accountIds: readonly string[];
  /** With their service. */
  readonly actions: readonly string[];
  readonly resource: string;
}

/** Text of a policy with one more statement; undefined if it has one of that label. */
export function withPermission(text: string, { label, accountIds, actions, resource }: Permission): string | undefined {
  const statements = statementsIn(text);
  if (statements.some(({ Sid }) => Sid === label)) return undefined;
  const AWS = accountIds.map((id) => `arn:aws:iam::${id}:root`);
  const added = { Sid: label, Effect: 'Allow', Principal: { AWS }, Action: actions, Resource: resource };
  return withStatements(text, [...statements, added]);
}

/** Text of a policy without the statement of a label, empty if that was the last one; undefined if there is none. */
export function withoutPermission(text: string, { label }: { readonly label: string }): string | undefined {
  const statements = statementsIn(text);
  const kept = statements.filter(({ Sid }) => Sid !== label);
  if (kept.length === statements.length) return undefined;
  return kept.length === 0 ? '' : withStatements(text, kept);
}

type Statement = Readonly<Record<string, unknown>>;

/** Of a policy that has been read before, or of none. */
function statementsIn(text: string): readonly Statement[] {
  const { Statement: given = [] } = text === '' ? {} : (JSON.parse(text) as { Statement?: Statement | Statement[] });
  return Array.isArray(given) ? given : [given];
}

function withStatements(text: string, Statement: readonly Statement[]): string {
  const policy = text === '' ? { Version: '2012-10-17' } : (JSON.parse(text) as object);
  return JSON.stringify({ ...policy, Statement });
}
