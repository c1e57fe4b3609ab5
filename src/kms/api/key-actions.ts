/** Keys, from their making to their end. https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html and its neighbours */
import { z } from 'zod';
import type { KmsKeyRecord, Tag } from '../../iam/records.ts';
import { KmsError } from '../errors.ts';
import { requireAccountUse, requireKeyUse } from '../key-access.ts';
import { keyPolicyText, readKeyPolicy } from '../key-policy.ts';
import type { KmsKey } from '../key-ring.ts';
import { action, type KmsAction, type KmsCall, keyById, keyId, keyNamed, page, pageOf, seconds } from './action.ts';

const dayMs = 24 * 60 * 60 * 1000;
const tagsMax = 50;
const byKey = { KeyId: keyId };
const description = z.string().max(8192);
const policy = { Policy: z.string().min(1), BypassPolicyLockoutSafetyCheck: z.boolean().default(false) };
const tag = z.strictObject({ TagKey: z.string().min(1).max(128), TagValue: z.string().max(256) });
const policyName = z.literal('default', 'the only policy of a key is called default').default('default');
const symmetric = z.literal('SYMMETRIC_DEFAULT', 'only symmetric keys, SYMMETRIC_DEFAULT, are implemented').optional();

export const keyActions: readonly (readonly [string, KmsAction])[] = [
  [
    'CreateKey',
    action(
      z.strictObject({
        Description: description.default(''),
        Tags: z.array(tag).default([]),
        Policy: policy.Policy.optional(),
        BypassPolicyLockoutSafetyCheck: policy.BypassPolicyLockoutSafetyCheck,
        KeyUsage: z.literal('ENCRYPT_DECRYPT', 'only keys for ENCRYPT_DECRYPT are implemented').optional(),
        KeySpec: symmetric,
        CustomerMasterKeySpec: symmetric,
        Origin: z.literal('AWS_KMS', 'only keys whose material the server makes are implemented').optional(),
        MultiRegion: z.literal(false, 'keys of one region alone are implemented').optional(),
      }),
      createKey,
    ),
  ],
  [
    'DescribeKey',
    action(z.strictObject(byKey), async (call, { KeyId }) => {
      return { KeyMetadata: metadataOf(await keyNamed(call, KeyId, { action: 'kms:DescribeKey' })) };
    }),
  ],
  [
    'ListKeys',
    action(z.strictObject(page), async ({ ring, iam, caller }, asked) => {
      requireAccountUse(iam, caller, { action: 'kms:ListKeys' });
      const { items, rest } = pageOf(ring.ofAccount(caller.identity.accountId), asked, ({ record }) => record.id);
      return { Keys: items.map(({ arn, record }) => ({ KeyId: record.id, KeyArn: arn })), ...rest };
    }),
  ],
  [
    'UpdateKeyDescription',
    action(z.strictObject({ ...byKey, Description: description }), async (call, { KeyId, Description }) => {
      const key = alive(keyById(call, KeyId, { action: 'kms:UpdateKeyDescription' }));
      await call.ring.change(key, (record) => ({ ...record, description: Description }));
      return {};
    }),
  ],
  [
    'EnableKey',
    action(z.strictObject(byKey), (call, input) => setState(call, input, { state: 'Enabled', use: 'kms:EnableKey' })),
  ],
  [
    'DisableKey',
    action(z.strictObject(byKey), (call, input) => setState(call, input, { state: 'Disabled', use: 'kms:DisableKey' })),
  ],
  [
    'ScheduleKeyDeletion',
    action(
      z.strictObject({ ...byKey, PendingWindowInDays: z.int().min(7).max(30).default(30) }),
      async (call, { KeyId, PendingWindowInDays }) => {
        const key = alive(keyById(call, KeyId, { action: 'kms:ScheduleKeyDeletion' }));
        if (key.record.origin === 'configuration') {
          throw new KmsError(
            'UnsupportedOperationException',
            `${key.arn} is in the configuration of the server: remove it there.`,
          );
        }
        const deletionMs = call.nowMs + PendingWindowInDays * dayMs;
        await call.ring.change(key, (record) => ({ ...record, state: 'PendingDeletion', deletionMs }));
        return { KeyId: key.arn, DeletionDate: seconds(deletionMs), KeyState: 'PendingDeletion', PendingWindowInDays };
      },
    ),
  ],
  [
    'CancelKeyDeletion',
    action(z.strictObject(byKey), async (call, { KeyId }) => {
      const key = keyById(call, KeyId, { action: 'kms:CancelKeyDeletion' });
      if (key.record.state !== 'PendingDeletion') {
        throw new KmsError('KMSInvalidStateException', `${key.arn} is not pending deletion.`);
      }
      await call.ring.change(key, ({ deletionMs: _, ...record }) => ({ ...record, state: 'Disabled' }));
      return { KeyId: key.arn };
    }),
  ],
  [
    'GetKeyPolicy',
    action(z.strictObject({ ...byKey, PolicyName: policyName }), async (call, { KeyId, PolicyName }) => {
      return { Policy: keyPolicyText(keyById(call, KeyId, { action: 'kms:GetKeyPolicy' })), PolicyName };
    }),
  ],
  ['PutKeyPolicy', action(z.strictObject({ ...byKey, ...policy, PolicyName: policyName }), putKeyPolicy)],
  [
    'ListKeyPolicies',
    action(z.strictObject({ ...byKey, ...page }), async (call, { KeyId }) => {
      keyById(call, KeyId, { action: 'kms:ListKeyPolicies' });
      return { PolicyNames: ['default'], Truncated: false };
    }),
  ],
  [
    'TagResource',
    action(z.strictObject({ ...byKey, Tags: z.array(tag).min(1) }), async (call, { KeyId, Tags }) => {
      const key = alive(keyById(call, KeyId, { action: 'kms:TagResource' }));
      const given = tagsOf(Tags);
      await call.ring.change(key, (record) => {
        const kept = record.tags.filter((one) => !given.some((other) => other.key === one.key));
        return { ...record, tags: atMost([...kept, ...given]) };
      });
      return {};
    }),
  ],
  [
    'UntagResource',
    action(z.strictObject({ ...byKey, TagKeys: z.array(z.string()) }), async (call, { KeyId, TagKeys }) => {
      const key = alive(keyById(call, KeyId, { action: 'kms:UntagResource' }));
      await call.ring.change(key, (record) => ({
        ...record,
        tags: record.tags.filter((one) => !TagKeys.includes(one.key)),
      }));
      return {};
    }),
  ],
  [
    'ListResourceTags',
    action(z.strictObject({ ...byKey, ...page }), async (call, { KeyId, ...asked }) => {
      const { record } = keyById(call, KeyId, { action: 'kms:ListResourceTags' });
      const { items, rest } = pageOf(record.tags, asked, ({ key }) => key);
      return { Tags: items.map(({ key, value }) => ({ TagKey: key, TagValue: value })), ...rest };
    }),
  ],
];

async function createKey(
  call: KmsCall,
  input: {
    Description: string;
    Tags: readonly z.infer<typeof tag>[];
    Policy?: string | undefined;
    BypassPolicyLockoutSafetyCheck: boolean;
  },
): Promise<object> {
  const { ring, iam, caller } = call;
  const { accountId } = caller.identity;
  requireAccountUse(iam, caller, { action: 'kms:CreateKey' });
  const bare = ring.newRecord({ description: input.Description, origin: 'account', tags: atMost(tagsOf(input.Tags)) });
  const record = input.Policy === undefined ? bare : { ...bare, policy: input.Policy };
  if (input.Policy !== undefined) {
    const key = { arn: ring.arnOf({ accountId, id: record.id }), accountId, record };
    checkPolicy(call, key, { mayLockOut: input.BypassPolicyLockoutSafetyCheck });
  }
  return { KeyMetadata: metadataOf(await ring.add(accountId, record)) };
}

async function putKeyPolicy(
  call: KmsCall,
  {
    KeyId,
    Policy,
    BypassPolicyLockoutSafetyCheck: mayLockOut,
  }: { KeyId: string; Policy: string; BypassPolicyLockoutSafetyCheck: boolean },
): Promise<object> {
  const key = alive(keyById(call, KeyId, { action: 'kms:PutKeyPolicy' }));
  checkPolicy(call, { ...key, record: { ...key.record, policy: Policy } }, { mayLockOut });
  await call.ring.change(key, (record) => ({ ...record, policy: Policy }));
  return {};
}

/** Throws MalformedPolicyDocumentException, also where whoever asks could not change the policy again. */
function checkPolicy(call: KmsCall, key: KmsKey, { mayLockOut }: { mayLockOut: boolean }): void {
  const { iam, caller } = call;
  if (call.missingPrincipal(readKeyPolicy(key.record.policy ?? '')) !== undefined) {
    const message = 'Policy contains a statement with one or more invalid principals.';
    throw new KmsError('MalformedPolicyDocumentException', message);
  }
  if (mayLockOut) return;
  try {
    requireKeyUse(iam, caller, key, { action: 'kms:PutKeyPolicy' });
  } catch (cause) {
    const message = 'The new key policy will not allow you to update the key policy in the future.';
    throw new KmsError('MalformedPolicyDocumentException', message, { cause });
  }
}

async function setState(
  call: KmsCall,
  { KeyId }: { KeyId: string },
  { state, use }: { state: 'Enabled' | 'Disabled'; use: string },
): Promise<object> {
  const key = alive(keyById(call, KeyId, { action: use }));
  await call.ring.change(key, (record) => ({ ...record, state }));
  return {};
}

/** Throws KMSInvalidStateException for a key that is pending deletion, of which nothing may be changed. */
export function alive(key: KmsKey): KmsKey {
  if (key.record.state !== 'PendingDeletion') return key;
  throw new KmsError('KMSInvalidStateException', `${key.arn} is pending deletion.`);
}

function tagsOf(tags: readonly z.infer<typeof tag>[]): readonly Tag[] {
  return tags.map(({ TagKey: key, TagValue: value }) => ({ key, value }));
}

function atMost(tags: readonly Tag[]): readonly Tag[] {
  if (new Set(tags.map(({ key }) => key)).size < tags.length) throw new KmsError('TagException', 'Duplicate tag keys');
  if (tags.length > tagsMax) throw new KmsError('LimitExceededException', `A key has ${tagsMax} tags at most.`);
  return tags;
}

function metadataOf({ arn, accountId, record }: KmsKey): object {
  const { id, createdMs, state, deletionMs, description: Description, origin }: KmsKeyRecord = record;
  return {
    AWSAccountId: accountId,
    KeyId: id,
    Arn: arn,
    CreationDate: seconds(createdMs),
    Enabled: state === 'Enabled',
    Description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: state,
    ...(deletionMs !== undefined && { DeletionDate: seconds(deletionMs) }),
    Origin: origin === 'configuration' ? 'EXTERNAL' : 'AWS_KMS',
    KeyManager: origin === 'service' ? 'AWS' : 'CUSTOMER',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
  };
}
