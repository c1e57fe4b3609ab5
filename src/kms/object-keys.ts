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

/** What an object is under. */
export interface KeyInUse {
  readonly keyArn: string;
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
  /**
   * ARN of the key that the caller may put an object under that is there: by its ARN, `from` what the object is under now if that is of KMS.
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html
   */
  forRekeying(caller: ObjectKeyCaller, named: string, from: KeyInUse | undefined): Promise<string>;
  /** Throws unless the caller may read what was encrypted with a key, and the key can be used. */
  requireReading(caller: ObjectKeyCaller, keyArn: string): void;
}

const ofNewKey = ['kms:GenerateDataKey', 'kms:Encrypt', 'kms:Decrypt', 'kms:ReEncryptTo'];
const ofOldKey = ['kms:Decrypt', 'kms:ReEncryptFrom'];

export function objectKeys(
  ring: KeyRing,
  { iam, region }: { readonly iam: Pick<Iam, 'callers' | 'refusals'>; readonly region: string },
): ObjectKeys {
  const viaService = `s3.${region}.amazonaws.com`;
  const keyFor = async (caller: ObjectKeyCaller, { named, actions }: { named: string; actions: readonly string[] }) => {
    const { identity, context } = caller;
    const key = await ring.resolve({ named, accountId: identity.accountId });
    for (const action of actions) {
      requireKeyUse(iam, { ...caller, viaService }, key, { action, context, alias: aliasOf(named) });
    }
    ring.requireUsable(key);
    return (await ring.rotated(key)).arn;
  };
  return {
    forNewObject: (caller, named = s3Alias) => keyFor(caller, { named, actions: ['kms:GenerateDataKey'] }),
    forReplica: (caller, named) => keyFor(caller, { named, actions: ['kms:Encrypt'] }),
    async forService({ context, ...source }, named) {
      const key = ring.find({ named, accountId: source.sourceAccount });
      const caller = { service: 's3.amazonaws.com', viaService, ...source };
      requireServiceUse(caller, key, { action: 'kms:GenerateDataKey', context });
      ring.requireUsable(key);
      return (await ring.rotated(key)).arn;
    },
    async forRekeying(caller, named, from) {
      const arn = await keyFor(caller, { named, actions: ofNewKey });
      if (from === undefined) return arn;
      const key = ring.stored(from.keyArn);
      for (const action of ofOldKey) {
        requireKeyUse(iam, { ...caller, viaService }, key, { action, context: from.context });
      }
      ring.requireUsable(key);
      return arn;
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
