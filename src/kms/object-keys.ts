/** Keys as S3 uses them: on behalf of whoever asks S3 for something, and for the bytes of objects. */
import type { Iam } from '../iam/iam.ts';
import type { EncryptionContext } from './ciphertext.ts';
import { type KeyCaller, requireKeyUse, requireServiceUse, type ServiceCaller } from './key-access.ts';
import { type KeyRing, s3Alias } from './key-ring.ts';

/** Whom S3 asks for, and of which object. */
export interface ObjectKeyCaller extends Omit<KeyCaller, 'viaService'> {
  readonly context: EncryptionContext;
}

/** What S3 writes something for, and what its data key is bound to. */
export interface ServiceSource extends Pick<ServiceCaller, 'sourceArn' | 'sourceAccount'> {
  readonly context: EncryptionContext;
}

/** What S3 asks of KMS. Refusals are KmsErrors. */
export interface ObjectKeys {
  /**
   * ARN of the key that the caller may encrypt a new object with: by its id or alias in the account of the caller, or the ARN
   * of either; without a name, that which S3 has there.
   */
  forNewObject(caller: ObjectKeyCaller, named?: string): Promise<string>;
  /** The same for the replica of an object that is under a key of KMS itself. */
  forReplica(caller: ObjectKeyCaller, named: string): Promise<string>;
  /**
   * ARN of the key that S3 may encrypt what it writes itself with, on behalf of a bucket: by its id or alias in the account of that, or
   * the ARN of either.
   */
  forService(source: ServiceSource, named: string): Promise<string>;
  /** Throws unless the caller may read what was encrypted with a key, and the key can be used. */
  requireReading(caller: ObjectKeyCaller, keyArn: string): void;
}

export function objectKeys(
  ring: KeyRing,
  { iam, region }: { readonly iam: Pick<Iam, 'callers' | 'refusals'>; readonly region: string },
): ObjectKeys {
  const viaService = `s3.${region}.amazonaws.com`;
  const keyFor = async (caller: ObjectKeyCaller, { named, action }: { named: string; action: string }) => {
    const { identity, context } = caller;
    const key = await ring.resolve({ named, accountId: identity.accountId });
    requireKeyUse(iam, { ...caller, viaService }, key, { action, context, alias: aliasOf(named) });
    ring.requireUsable(key);
    return (await ring.rotated(key)).arn;
  };
  return {
    forNewObject: (caller, named = s3Alias) => keyFor(caller, { named, action: 'kms:GenerateDataKey' }),
    forReplica: (caller, named) => keyFor(caller, { named, action: 'kms:Encrypt' }),
    async forService({ context, ...source }, named) {
      const key = ring.find({ named, accountId: source.sourceAccount });
      const caller = { service: 's3.amazonaws.com', viaService, ...source };
      requireServiceUse(caller, key, { action: 'kms:GenerateDataKey', context });
      ring.requireUsable(key);
      return (await ring.rotated(key)).arn;
    },
    requireReading(caller, keyArn) {
      const key = ring.stored(keyArn);
      requireKeyUse(iam, { ...caller, viaService }, key, { action: 'kms:Decrypt', context: caller.context });
      ring.requireUsable(key);
    },
  };
}

function aliasOf(named: string): string | undefined {
  return /(?:^|:)(alias\/.+)$/s.exec(named)?.[1];
}
