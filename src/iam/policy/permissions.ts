/** The compiled policies of a caller, made once for as long as the caller's documents are the same. */
import { compilePolicy } from './compile.ts';
import type { NamedPolicy, Permissions } from './decide.ts';
import { parseIdentityPolicy } from './identity-policy.ts';
import { PolicyFault } from './policy-fault.ts';

/** A policy of an identity as it was given. */
export interface PolicyText {
  /** For people to find it by: the ARN of a managed one, what it is called and whose it is. */
  readonly name: string;
  /** JSON. */
  readonly document: string;
}

/** A caller's policies, from which its rights follow. */
export interface PolicyTexts {
  /** Of the principal itself, its groups included; absent for the root of an account, which may do all. */
  readonly identity?: readonly PolicyText[];
  /** Absent if there is none; empty if the policy that it names is gone. */
  readonly boundary?: readonly PolicyText[];
  /** Absent if none were given to the session. */
  readonly session?: readonly PolicyText[];
}

const compiled = new WeakMap<PolicyTexts, Permissions>();

/** By the object: whoever changes a caller's policies makes a new one. */
export function permissionsOf(texts: PolicyTexts): Permissions {
  const known = compiled.get(texts);
  if (known !== undefined) return known;
  const { identity, boundary, session } = texts;
  const permissions: Permissions = {
    identity: identity?.map(compileIdentityPolicy) ?? 'all',
    ...(boundary && { boundary: boundary.map(compileIdentityPolicy) }),
    ...(session && { session: session.map(compileIdentityPolicy) }),
  };
  compiled.set(texts, permissions);
  return permissions;
}

/** A stored document that cannot be read any more denies everything: it may have been a denial. */
export function compileIdentityPolicy({ name, document }: PolicyText): NamedPolicy {
  try {
    return { name, policy: compilePolicy(parseIdentityPolicy(document)) };
  } catch (error) {
    if (!(error instanceof PolicyFault)) throw error;
    return { name, policy: denyAll };
  }
}

const denyAll = compilePolicy({
  hasVariables: false,
  statements: [
    {
      sid: undefined,
      effect: 'Deny',
      principal: undefined,
      action: { isNot: false, values: ['*'] },
      resource: { isNot: false, values: ['*'] },
      conditions: {},
    },
  ],
});
