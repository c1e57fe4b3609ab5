/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html */
import { type BucketEncryption, changeBucketEncryption } from '../../engine/bucket-encryption.ts';
import { S3Error } from '../errors.ts';
import type { InputOf } from '../model/types.ts';
import { operation } from '../operation.ts';

type Rule = InputOf<'PutBucketEncryption'>['ServerSideEncryptionConfiguration']['Rules'] extends readonly (infer R)[]
  ? R
  : never;

export const putBucketEncryption = operation({
  name: 'PutBucketEncryption',
  supports: ['ChecksumAlgorithm', 'ServerSideEncryptionConfiguration'],
  async run(request, { ServerSideEncryptionConfiguration: { Rules } }) {
    const [rule, ...more] = Rules ?? [];
    if (rule === undefined || more.length > 0) throw new S3Error('MalformedXML');
    const read = readRule(rule);
    await changeBucketEncryption(request.engine.buckets, request.bucket(), (before) => {
      // Who does not mention what is blocked must not open it.
      const blocked = read.blocked ?? before.blocked;
      return { ...read, ...(blocked !== undefined && { blocked }) };
    });
    return { output: {} };
  },
});

/** S3 does not ask whether the key is there: whoever writes an object hears of that. */
function readRule({
  ApplyServerSideEncryptionByDefault: byDefault,
  BucketKeyEnabled,
  BlockedEncryptionTypes,
}: Rule): BucketEncryption {
  const algorithm = byDefault?.SSEAlgorithm ?? 'AES256';
  const kmsKey = byDefault?.KMSMasterKeyID;
  if (algorithm === 'aws:fsx' || algorithm === 'aws:backup')
    throw refused('The encryption method specified is not supported');
  if (kmsKey !== undefined && algorithm === 'AES256') {
    throw refused('a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse');
  }
  if (BucketKeyEnabled === true && algorithm === 'aws:kms:dsse') {
    throw refused('S3 Bucket Keys are not supported with the encryption method aws:kms:dsse');
  }
  const blocked = BlockedEncryptionTypes?.EncryptionType;
  if (blocked !== undefined && blocked.length !== 1) throw new S3Error('MalformedXML');
  return {
    ...(byDefault !== undefined && { algorithm }),
    ...(kmsKey !== undefined && { kmsKey }),
    ...(BucketKeyEnabled !== undefined && { bucketKey: BucketKeyEnabled }),
    ...(blocked !== undefined && { blocked }),
  };
}

function refused(message: string): S3Error {
  return new S3Error('InvalidArgument', { message, fields: { ArgumentName: 'ApplyServerSideEncryptionByDefault' } });
}
