/** Asks KMS on behalf of whoever asks S3. */
import type { ObjectEncryption } from '../../engine/types.ts';
import type { ObjectKeyCaller } from '../../kms/object-keys.ts';
import { S3Error } from '../errors.ts';
import type { OperationRequest } from '../operation.ts';

/** Throws AccessDenied and KMS's errors unless the caller may read what is encrypted so; no other encryption asks for that. */
export function requireKeyToRead(request: OperationRequest, encryption: ObjectEncryption | undefined): void {
  if (encryption === undefined || !('keyArn' in encryption)) return;
  request.objectKeys.requireReading(callerOfKeys(request, encryption.context), encryption.keyArn);
}

/** Throws InvalidArgument for a caller without a name, whom KMS does not know. */
export function callerOfKeys(request: OperationRequest, context: ObjectKeyCaller['context']): ObjectKeyCaller {
  const { identity, requestId } = request;
  if (identity.kind !== 'anonymous') return { identity, requestId, source: request.source(), context };
  throw new S3Error('InvalidArgument', {
    message: 'Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.',
    fields: { ArgumentName: 'Authorization', ArgumentValue: 'null' },
  });
}
