/** The documents that IAM and STS take: policies of identities, boundaries and sessions, and trust policies of roles. */
import type { PolicyDocument, PolicyStatement, PrincipalElement } from './document.ts';
import { iamPolicyFault } from './policy-fault.ts';
import { readDocument } from './read-document.ts';

const vendorPattern = /^[a-zA-Z0-9\-.]+$/;
const principalPatterns = {
  AWS: /^(\*|\d{12}|arn:aws:(iam|sts)::[^:*]+:(root|(user|role|assumed-role|federated-user)\/[^*]+))$/,
  CanonicalUser: /^[0-9a-zA-Z]+$/,
  Service: /^[a-z0-9.-]+\.[a-z.]+$/,
  Federated: /^[^*\s]+$/,
} as const;

/** A policy of a user, group or role, a permissions boundary, or a session policy. Throws PolicyFault. */
export function parseIdentityPolicy(text: string): PolicyDocument {
  const document = readIamDocument(text);
  for (const statement of document.statements) {
    if (statement.principal !== undefined) throw iamPolicyFault({ kind: 'principal-not-allowed' });
    if (statement.resource === undefined) throw iamPolicyFault({ kind: 'no-resource' });
    statement.resource.values.forEach(checkResource);
    statement.action.values.forEach(checkAction);
  }
  return document;
}

/** Who may assume a role. Throws PolicyFault. */
export function parseTrustPolicy(text: string): PolicyDocument {
  const document = readIamDocument(text);
  document.statements.forEach(checkTrust);
  return document;
}

/** IAM lets no two statements have one id; S3 does. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html */
function readIamDocument(text: string): PolicyDocument {
  const document = readDocument(text.trim(), iamPolicyFault);
  const sids = document.statements.flatMap(({ sid }) => sid ?? []);
  if (new Set(sids).size < sids.length) throw iamPolicyFault({ kind: 'sid' });
  return document;
}

/** Whether every principal has the form of one. Whether it is there, is for whoever knows the accounts. */
export function hasPrincipalForm(element: PrincipalElement): boolean {
  if (element === '*') return true;
  const { AWS = [], CanonicalUser = [], Service = [], Federated = [] } = element;
  return (
    AWS.every((name) => principalPatterns.AWS.test(name)) &&
    CanonicalUser.every((name) => principalPatterns.CanonicalUser.test(name)) &&
    Service.every((name) => principalPatterns.Service.test(name)) &&
    Federated.every((name) => principalPatterns.Federated.test(name))
  );
}

function checkTrust({ resource, principal, effect, action }: PolicyStatement): void {
  if (resource !== undefined) throw iamPolicyFault({ kind: 'resource-not-allowed' });
  if (principal === undefined) throw iamPolicyFault({ kind: 'no-principal' });
  if (principal.isNot && effect === 'Allow') throw iamPolicyFault({ kind: 'allow-not-principal' });
  if (!hasPrincipalForm(principal.values)) {
    throw iamPolicyFault({ kind: 'principal', text: JSON.stringify(principal.values) });
  }
  action.values.forEach(checkAction);
  const isSts = action.values.every((name) => /^sts:/i.test(name));
  if (!isSts) throw iamPolicyFault({ kind: 'action-not-sts' });
}

function checkAction(action: string): void {
  if (action === '*') return;
  const [vendor = '', name, more] = action.split(':');
  if (name === undefined) throw iamPolicyFault({ kind: 'action-vendor' });
  if (more !== undefined) throw iamPolicyFault({ kind: 'action-colons' });
  if (vendor !== '*' && !vendorPattern.test(vendor)) throw iamPolicyFault({ kind: 'action', text: vendor });
}

function checkResource(resource: string): void {
  if (resource === '*' || resource.startsWith('arn:') || resource.startsWith('${')) return;
  throw iamPolicyFault({ kind: 'resource', text: resource });
}
