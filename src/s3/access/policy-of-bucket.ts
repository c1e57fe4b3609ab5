/** The compiled policy of a bucket, made once for as long as its documents are the same. */
import type { BucketAccess } from '../../engine/access.ts';
import { compilePolicy } from '../../iam/policy/compile.ts';
import type { NamedPolicy } from '../../iam/policy/decide.ts';
import type { PolicyStatement } from '../../iam/policy/document.ts';
import { isPublicPolicy, readStoredPolicy } from './bucket-policy.ts';

export interface PolicyOfBucket extends NamedPolicy {
  readonly isPublic: boolean;
}

/** What a bucket grants that the configuration opens for reading by anybody. */
const publicRead: PolicyStatement = {
  sid: 'PublicReadOfConfiguration',
  effect: 'Allow',
  principal: { isNot: false, values: '*' },
  action: {
    isNot: false,
    values: [
      's3:GetObject',
      's3:GetObjectVersion',
      's3:GetObjectAttributes',
      's3:GetObjectVersionAttributes',
      's3:ListBucket',
      's3:GetBucketLocation',
    ],
  },
  resource: { isNot: false, values: ['*'] },
  conditions: {},
};

const compiled = new WeakMap<BucketAccess, PolicyOfBucket>();

/** Undefined for a bucket that has none and is not open by configuration. */
export function policyOfBucket(access: BucketAccess): PolicyOfBucket | undefined {
  if (access.policy === undefined && !access.isPublicRead) return undefined;
  const known = compiled.get(access);
  if (known !== undefined) return known;
  const { hasVariables, statements } =
    access.policy === undefined ? { hasVariables: false, statements: [] } : readStoredPolicy(access.policy);
  const document = { hasVariables, statements: access.isPublicRead ? [...statements, publicRead] : statements };
  const policy = { name: "the bucket's policy", policy: compilePolicy(document), isPublic: isPublicPolicy(document) };
  compiled.set(access, policy);
  return policy;
}
