/**
 * Who may do what with a key. The key's policy must allow it, to the caller itself or to its account; in the second case and
 * from other accounts the caller's own policies must allow it too.
 * https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
 */
import type { Iam } from '../iam/iam.ts';
import type { Identity } from '../iam/identity.ts';
import { noteRefusal } from '../iam/permission.ts';
import { type ContextValue, contextOf } from '../iam/policy/context.ts';
import { type AccessQuestion, type Decision, decide, noPermissions } from '../iam/policy/decide.ts';
import { permissionsOf } from '../iam/policy/permissions.ts';
import { callerName, refusalText } from '../iam/policy/refusal-text.ts';
import { type RequestSource, requestContext } from '../iam/request-context.ts';
import type { EncryptionContext } from './ciphertext.ts';
import { KmsError } from './errors.ts';
import { keyPolicyOf } from './key-policy.ts';
import type { KmsKey } from './key-ring.ts';

/** Who asks, and how the request came in. */
export interface KeyCaller {
  readonly identity: Identity;
  readonly source: RequestSource;
  /** Absent where no request asks. */
  readonly requestId?: string;
  /** Of a service that asks on the caller's behalf: `s3.us-east-1.amazonaws.com`. */
  readonly viaService?: string;
}

export interface KeyUse {
  /** With its service: `kms:Decrypt`. */
  readonly action: string;
  readonly context?: EncryptionContext | undefined;
  /** The alias by which the request names the key. */
  readonly alias?: string | undefined;
}

type Parts = Pick<Iam, 'callers' | 'refusals'>;

/** Throws AccessDeniedException unless the caller may do it. */
export function requireKeyUse(iam: Parts, caller: KeyCaller, key: KmsKey, use: KeyUse): void {
  require(iam, caller, {
    ...{ resource: key.arn, resourceAccountId: key.accountId, resourcePolicy: keyPolicyOf(key) },
    ...{ needsResourcePolicy: true, action: use.action, keys: keysOf(caller, use) },
  });
}

/** A service that asks for itself, on behalf of a resource. */
export interface ServiceCaller {
  /** `s3.amazonaws.com`. */
  readonly service: string;
  readonly viaService: string;
  /** ARN of the resource, and the account that it is in. */
  readonly sourceArn: string;
  readonly sourceAccount: string;
}

/** Throws AccessDeniedException unless the policy of the key lets a service do it: nothing else does. */
export function requireServiceUse(
  { service, viaService, sourceArn, sourceAccount }: ServiceCaller,
  key: KmsKey,
  { action, context }: KeyUse,
): void {
  const question: AccessQuestion = {
    principal: { kind: 'service', accountId: '', canonicalId: '', arn: '', names: [service] },
    permissions: noPermissions,
    ...{ action, resource: key.arn, resourceAccountId: key.accountId },
    ...{ resourcePolicy: keyPolicyOf(key), needsResourcePolicy: true },
    context: contextOf({
      ...Object.fromEntries(contextKeys(context)),
      'kms:ViaService': viaService,
      'aws:SourceArn': sourceArn,
      'aws:SourceAccount': sourceAccount,
      'aws:PrincipalIsAWSService': 'true',
      'aws:PrincipalServiceName': service,
      'aws:SecureTransport': 'true',
    }),
  };
  const decision = decide(question);
  if (decision.outcome !== 'allow') throw new KmsError('AccessDeniedException', refusalText(question, decision));
}

/** For what is not about one key, or about an alias. Throws AccessDeniedException. */
export function requireAccountUse(
  iam: Parts,
  caller: KeyCaller,
  { action, resource = '*' }: { readonly action: string; readonly resource?: string },
): void {
  const resourceAccountId = resource === '*' ? caller.identity.accountId : (resource.split(':')[4] ?? '');
  require(iam, caller, { action, resource, resourceAccountId, keys: keysOf(caller, { action }) });
}

interface Asked extends Pick<AccessQuestion, 'action' | 'resource' | 'resourceAccountId'> {
  readonly resourcePolicy?: AccessQuestion['resourcePolicy'];
  readonly needsResourcePolicy?: boolean;
  readonly keys: ReadonlyMap<string, ContextValue>;
}

function require(iam: Parts, { identity, source, requestId }: KeyCaller, { keys, ...asked }: Asked): void {
  const global = requestContext(identity, source);
  const question: AccessQuestion = {
    principal: identity,
    permissions: identity.kind === 'anonymous' ? { identity: [] } : permissionsOf(iam.callers.policiesOf(identity)),
    ...asked,
    context: (key) => keys.get(key.toLowerCase()) ?? global(key),
  };
  const decision = decide(question);
  if (decision.outcome === 'allow') return;
  if (requestId !== undefined) noteRefusal({ iam, requestId }, question);
  throw new KmsError('AccessDeniedException', textOf(question, decision));
}

/** Other accounts are not told whether the key is there. */
function textOf(question: AccessQuestion, decision: Decision): string {
  const { principal, action, resourceAccountId } = question;
  if (principal.accountId === resourceAccountId) return refusalText(question, decision);
  return (
    `User: ${callerName(principal)} is not authorized to perform: ${action} on this resource because the resource does not exist ` +
    'in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'
  );
}

function keysOf({ identity, viaService }: KeyCaller, { context, alias }: KeyUse): ReadonlyMap<string, ContextValue> {
  return new Map<string, ContextValue>([
    ...contextKeys(context),
    ['kms:calleraccount', identity.accountId],
    ...(viaService === undefined ? [] : [['kms:viaservice', viaService] as const]),
    ...(alias === undefined ? [] : [['kms:requestalias', alias] as const]),
  ]);
}

function contextKeys(context: EncryptionContext = {}): readonly (readonly [string, ContextValue])[] {
  const names = Object.keys(context);
  const values = Object.entries(context).map(
    ([name, value]) => [`kms:encryptioncontext:${name.toLowerCase()}`, value] as const,
  );
  return names.length === 0 ? [] : [...values, ['kms:encryptioncontextkeys', names] as const];
}
