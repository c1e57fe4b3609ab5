/** Where reports of a bucket are to be written, as configurations name it. */
import { isBucketName } from './bucket-names.ts';
import { S3Error } from './errors.ts';

const arnPrefix = 'arn:aws:s3:::';

/** Name of the bucket that an ARN names. Throws InvalidS3DestinationBucket. */
export function readDestinationBucket(arn: string): string {
  const name = arn.slice(arnPrefix.length);
  if (arn.startsWith(arnPrefix) && isBucketName(name)) return name;
  const namesAccount = /^arn:aws:s3:[^:]*:[^:]*:./.test(arn) && !arn.startsWith(arnPrefix);
  const message = namesAccount ? 'Bucket ARN should not specify a namespace.' : 'Invalid bucket ARN.';
  throw new S3Error('InvalidS3DestinationBucket', { message });
}

/** Of the account that the bucket must belong to; `member` names it. Throws InvalidArgument. */
export function checkDestinationAccount(member: { readonly [name: string]: string | undefined }): void {
  for (const [ArgumentName, ArgumentValue] of Object.entries(member)) {
    if (ArgumentValue === undefined || /^\d{12}$/.test(ArgumentValue)) continue;
    throw new S3Error('InvalidArgument', {
      message: 'The account id is not valid',
      fields: { ArgumentName, ArgumentValue },
    });
  }
}

export function destinationArn(bucket: string): string {
  return `${arnPrefix}${bucket}`;
}
