/** Objects that come under a key of KMS after they were written. The sentences are AWS's. */
import { contextOfObject, givenContext } from '../../engine/encryption/contexts.ts';
import type { Rekeying } from '../../engine/encryption/types.ts';
import { EngineError } from '../../engine/errors.ts';
import type { Bucket, Version } from '../../engine/types.ts';
import { S3Error } from '../errors.ts';
import { invalidRequest } from '../lifecycle/refusals.ts';
import type { InputOf } from '../model/types.ts';
import type { OperationRequest } from '../operation.ts';
import { callerOfKeys } from './key-use.ts';

/** The key that a request names. */
interface NamedKey {
  readonly keyArn: string;
  readonly sharesKey: boolean;
}

interface Target {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId: string | undefined;
}

const keyArnForm = /^arn:aws[-a-z0-9]*:kms:[-a-z0-9]*:(\d{12}):key\/.+$/s;
const onlyThese = 'Only source objects encrypted with SSE-S3 or SSE-KMS are supported.';

/** Throws InvalidRequest. */
export function readNewKey({ SSEKMS }: InputOf<'UpdateObjectEncryption'>['ObjectEncryption']): NamedKey {
  if (SSEKMS === undefined) {
    throw invalidRequest(
      'Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. ' +
        'Modify the request to specify SSE-KMS for the updated encryption type, and then try again.',
    );
  }
  const { KMSKeyArn: keyArn, BucketKeyEnabled: sharesKey = false } = SSEKMS;
  if (keyArn !== undefined && keyArnForm.test(keyArn)) return { keyArn, sharesKey };
  throw invalidRequest(
    "Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS key Amazon Resource Name (ARN). " +
      'Confirm that you have a correctly formatted KMS key ARN in your request, and then try again.',
  );
}

/** Throws InvalidRequest, AccessDenied, KMS's errors, and as `objects.find`. */
export async function requestRekeying(request: OperationRequest, target: Target, named: NamedKey): Promise<void> {
  requireOwnersKey(request, target.bucket, named);
  try {
    await request.engine.encryption.rekey(target, (version) => rekeyingOf(request, version, named));
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'ObjectLocked') throw error;
    throw new S3Error('AccessDenied', {
      message:
        "The encryption type for the specified object can't be updated because that object is protected by S3 Object Lock. If the " +
        'object has a governance-mode retention period or a legal hold, you must first remove the Object Lock status on the object ' +
        "before you issue your UpdateObjectEncryption request. You can't use the UpdateObjectEncryption operation with objects that " +
        'have an Object Lock compliance mode retention period applied to them.',
      cause: error,
    });
  }
}

function requireOwnersKey({ replication }: OperationRequest, bucket: Bucket, { keyArn }: NamedKey): void {
  if (keyArnForm.exec(keyArn)?.[1] === replication.accountOf(bucket.owner)) return;
  throw new S3Error('AccessDenied', {
    message:
      'The AWS KMS key in the request must be owned by the same account as the bucket. ' +
      'Modify the request to specify a KMS key from the same account, and then try again.',
  });
}

async function rekeyingOf(
  request: OperationRequest,
  version: Version,
  { keyArn, sharesKey }: NamedKey,
): Promise<Rekeying> {
  const source = version.attributes.encryption;
  if (source === undefined) {
    throw invalidRequest(
      `The UpdateObjectEncryption operation doesn't supported unencrypted source objects. ${onlyThese}`,
    );
  }
  if (source.kind === 'SSE-C' || source.kind === 'DSSE-KMS') {
    throw invalidRequest(
      `The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C. ${onlyThese}`,
    );
  }
  const from = source.kind === 'SSE-KMS' ? source : undefined;
  const given = from === undefined ? {} : givenContext(from.context);
  const context = contextOfObject({ bucket: request.bucket().name, key: version.key }, { given, sharesKey });
  const arn = await request.objectKeys.forRekeying(callerOfKeys(request, context), keyArn, from);
  return { source, asked: { keyArn: arn, context, ...(sharesKey && { bucketKey: true }) } };
}
