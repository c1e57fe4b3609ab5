/** The policies of keys: which there may be, and what a key has without one of its own. */
import { compilePolicy } from '../iam/policy/compile.ts';
import type { NamedPolicy } from '../iam/policy/decide.ts';
import type { PolicyDocument } from '../iam/policy/document.ts';
import { hasPrincipalForm } from '../iam/policy/identity-policy.ts';
import { iamPolicyFault, PolicyFault } from '../iam/policy/policy-fault.ts';
import { readDocument } from '../iam/policy/read-document.ts';
import { KmsError } from './errors.ts';
import type { KmsKey } from './key-ring.ts';

const policyBytesMax = 32_768;

/** Throws MalformedPolicyDocumentException for what is no policy of a key. */
export function readKeyPolicy(text: string): PolicyDocument {
  if (Buffer.byteLength(text) > policyBytesMax) {
    throw new KmsError('LimitExceededException', `A policy of a key has ${policyBytesMax} bytes at most.`);
  }
  try {
    return checked(readDocument(text.trim(), iamPolicyFault));
  } catch (error) {
    if (!(error instanceof PolicyFault)) throw error;
    throw new KmsError('MalformedPolicyDocumentException', error.message, { cause: error });
  }
}

function checked(document: PolicyDocument): PolicyDocument {
  for (const { principal, effect, resource } of document.statements) {
    if (principal === undefined) throw iamPolicyFault({ kind: 'no-principal' });
    if (principal.isNot && effect === 'Allow') throw iamPolicyFault({ kind: 'allow-not-principal' });
    if (!hasPrincipalForm(principal.values)) {
      throw iamPolicyFault({ kind: 'principal', text: JSON.stringify(principal.values) });
    }
    if (resource === undefined) throw iamPolicyFault({ kind: 'no-resource' });
  }
  return document;
}

/** The policy of a key, as it was given or as AWS makes it. */
export function keyPolicyText({ arn, accountId, record }: KmsKey): string {
  if (record.policy !== undefined) return record.policy;
  const root = { AWS: `arn:aws:iam::${accountId}:root` };
  return record.origin === 'service' ? servicePolicy({ arn, accountId }) : JSON.stringify(defaultPolicy(root), null, 2);
}

/** It leaves to the account's own policies who may do what with the key. */
function defaultPolicy(root: object): object {
  return {
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      { Sid: 'Enable IAM User Permissions', Effect: 'Allow', Principal: root, Action: 'kms:*', Resource: '*' },
    ],
  };
}

/** Whoever may use S3 in the account may use its key through S3, and through nothing else. */
function servicePolicy({ arn, accountId }: Pick<KmsKey, 'arn' | 'accountId'>): string {
  const region = arn.split(':')[3] ?? '';
  const use = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:CreateGrant'];
  const document = {
    Version: '2012-10-17',
    Id: 'auto-s3-2',
    Statement: [
      {
        Sid: 'Allow access through S3 for all principals in the account that are authorized to use S3',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [...use, 'kms:DescribeKey'],
        Resource: '*',
        Condition: {
          StringEquals: { 'kms:CallerAccount': accountId, 'kms:ViaService': `s3.${region}.amazonaws.com` },
        },
      },
      {
        Sid: 'Allow direct access to key metadata to the account',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
        Resource: '*',
      },
    ],
  };
  return JSON.stringify(document, null, 2);
}

const compiled = new WeakMap<object, NamedPolicy>();

/** By the record, which every change makes anew. */
export function keyPolicyOf(key: KmsKey): NamedPolicy {
  const known = compiled.get(key.record);
  if (known !== undefined) return known;
  const policy = { name: "the key's policy", policy: compilePolicy(readKeyPolicy(keyPolicyText(key))) };
  compiled.set(key.record, policy);
  return policy;
}
