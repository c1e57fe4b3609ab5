/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html */
import { writeBucketPolicy } from '../../engine/access-documents.ts';
import type { Bucket } from '../../engine/types.ts';
import type { PolicyDocument } from '../../iam/policy/document.ts';
import { PolicyFault } from '../../iam/policy/policy-fault.ts';
import { callerName } from '../../iam/policy/refusal-text.ts';
import { isPublicPolicy, parseBucketPolicy } from '../access/bucket-policy.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';
import { bucketArn } from '../regions.ts';

export const putBucketPolicy = operation({
  name: 'PutBucketPolicy',
  // S3 lets users deny themselves the bucket without the header too, and the root of the account is never locked out.
  supports: ['ChecksumAlgorithm', 'ConfirmRemoveSelfBucketAccess', 'Policy'],
  async run(request, { Policy }) {
    const { engine, identity } = request;
    const bucket = request.bucket();
    const document = parse(Policy, bucket);
    if (request.missingPrincipal(document) !== undefined) {
      throw new S3Error('MalformedPolicy', { message: 'Invalid principal in policy' });
    }
    const { block } = await request.accessOf(bucket);
    if (block.blockPublicPolicy && isPublicPolicy(document)) {
      throw new S3Error('AccessDenied', {
        message: `User: ${callerName(identity)} is not authorized to perform: s3:PutBucketPolicy on resource: "${bucketArn(bucket.name)}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
      });
    }
    await writeBucketPolicy(engine.buckets, bucket, Policy);
    return { output: {}, status: 204 };
  },
});

function parse(text: string, { name: bucket }: Bucket): PolicyDocument {
  try {
    return parseBucketPolicy(text, { bucket });
  } catch (error) {
    if (!(error instanceof PolicyFault)) throw error;
    throw new S3Error('MalformedPolicy', { message: error.message, cause: error });
  }
}
