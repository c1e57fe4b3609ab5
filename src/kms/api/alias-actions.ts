/** Other names of keys. https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html and its neighbours */
import { z } from 'zod';
import { KmsError } from '../errors.ts';
import { type KeyUse, requireAccountUse } from '../key-access.ts';
import { type KmsKey, s3Alias } from '../key-ring.ts';
import { action, aliasName, type KmsAction, type KmsCall, keyById, keyId, page, pageOf, seconds } from './action.ts';

const named = { AliasName: aliasName };

export const aliasActions: readonly (readonly [string, KmsAction])[] = [
  [
    'CreateAlias',
    action(z.strictObject({ ...named, TargetKeyId: keyId }), async (call, { AliasName, TargetKeyId }) => {
      const key = target(call, { AliasName, TargetKeyId }, { action: 'kms:CreateAlias' });
      const { nowMs } = call;
      await call.ring.changeAlias({ accountId: key.accountId, name: AliasName }, (existing) => {
        if (existing !== undefined) throw alreadyThere(call, AliasName);
        return { name: AliasName, keyId: key.record.id, createdMs: nowMs, updatedMs: nowMs };
      });
      return {};
    }),
  ],
  [
    'UpdateAlias',
    action(z.strictObject({ ...named, TargetKeyId: keyId }), async (call, { AliasName, TargetKeyId }) => {
      const key = target(call, { AliasName, TargetKeyId }, { action: 'kms:UpdateAlias' });
      await call.ring.changeAlias({ accountId: key.accountId, name: AliasName }, (existing) => {
        if (existing === undefined) throw noAlias(call, AliasName);
        return { ...existing, keyId: key.record.id, updatedMs: call.nowMs };
      });
      return {};
    }),
  ],
  [
    'DeleteAlias',
    action(z.strictObject(named), async (call, { AliasName }) => {
      requireAlias(call, AliasName, { action: 'kms:DeleteAlias' });
      const { accountId } = call.caller.identity;
      const { keyId: id } = call.ring.aliasesOf(accountId).find(({ name }) => name === AliasName) ?? {};
      if (id === undefined) throw noAlias(call, AliasName);
      keyById(call, id, { action: 'kms:DeleteAlias' });
      await call.ring.changeAlias({ accountId, name: AliasName }, () => undefined);
      return {};
    }),
  ],
  [
    'ListAliases',
    action(z.strictObject({ ...page, KeyId: keyId.optional() }), async (call, { KeyId, ...asked }) => {
      const { ring, iam, caller } = call;
      const { accountId } = caller.identity;
      requireAccountUse(iam, caller, { action: 'kms:ListAliases' });
      const id = KeyId === undefined ? undefined : ring.find({ named: KeyId, accountId }).record.id;
      const made = ring.aliasesOf(accountId);
      // It is there for whoever names it.
      const unmade = made.some(({ name }) => name === s3Alias) ? [] : [{ name: s3Alias, keyId: undefined }];
      const all = [...made, ...unmade].filter((alias) => id === undefined || alias.keyId === id);
      const { items, rest } = pageOf(all, asked, ({ name }) => name);
      const Aliases = items.map(({ name, keyId: TargetKeyId, ...times }) => ({
        AliasName: name,
        AliasArn: ring.aliasArnOf({ accountId, name }),
        TargetKeyId,
        ...('createdMs' in times && {
          CreationDate: seconds(times.createdMs),
          LastUpdatedDate: seconds(times.updatedMs),
        }),
      }));
      return { Aliases, ...rest };
    }),
  ],
];

/** The key that an alias of the caller's account is to name. Both must allow it. */
function target(
  call: KmsCall,
  { AliasName, TargetKeyId }: { AliasName: string; TargetKeyId: string },
  use: Pick<KeyUse, 'action'>,
): KmsKey {
  requireAlias(call, AliasName, use);
  const key = keyById(call, TargetKeyId, use);
  if (key.accountId !== call.caller.identity.accountId) {
    throw new KmsError('NotFoundException', `Invalid keyId '${TargetKeyId}'`);
  }
  if (key.record.state === 'PendingDeletion') {
    throw new KmsError('KMSInvalidStateException', `${key.arn} is pending deletion.`);
  }
  return key;
}

function requireAlias({ ring, iam, caller }: KmsCall, name: string, use: Pick<KeyUse, 'action'>): void {
  if (name.startsWith('alias/aws/')) {
    throw new KmsError('InvalidAliasNameException', 'Alias must not begin with alias/aws/, which is for services.');
  }
  requireAccountUse(iam, caller, {
    ...use,
    resource: ring.aliasArnOf({ accountId: caller.identity.accountId, name }),
  });
}

function arnOf({ ring, caller }: KmsCall, name: string): string {
  return ring.aliasArnOf({ accountId: caller.identity.accountId, name });
}

function alreadyThere(call: KmsCall, name: string): KmsError {
  return new KmsError('AlreadyExistsException', `An alias with the name ${arnOf(call, name)} already exists`);
}

function noAlias(call: KmsCall, name: string): KmsError {
  return new KmsError('NotFoundException', `Alias ${arnOf(call, name)} is not found.`);
}
