/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
import { EngineError } from '../../engine/errors.ts';
import { isBucketName } from '../bucket-names.ts';
import { writeBucketTags } from '../bucket-tags.ts';
import { toS3Error } from '../engine-errors.ts';
import { S3Error } from '../errors.ts';
import type { InputOf } from '../model/types.ts';
import { type OperationRequest, operation } from '../operation.ts';
import { bucketArn, checkLocation, unnamedRegion } from '../regions.ts';
import { parseBucketTags } from '../tagging.ts';

type CreateInput = InputOf<'CreateBucket'>;

export const createBucket = operation({
  name: 'CreateBucket',
  supports: [
    'ACL',
    'BucketNamespace',
    'CreateBucketConfiguration',
    'GrantFullControl',
    'GrantRead',
    'GrantReadACP',
    'GrantWrite',
    'GrantWriteACP',
    'ObjectLockEnabledForBucket',
    'ObjectOwnership',
  ],
  async run(request, input) {
    if (!isBucketName(input.Bucket)) throw new S3Error('InvalidBucketName', { fields: { BucketName: input.Bucket } });
    refuseAcls(input);
    refuseOtherKinds(input);
    const { LocationConstraint, Tags = [] } = input.CreateBucketConfiguration ?? {};
    checkLocation(LocationConstraint, request.region);
    await create(request, input.Bucket, Tags);
    return { output: { Location: `/${input.Bucket}`, BucketArn: bucketArn(input.Bucket) } };
  },
});

/** ACLs are disabled on every bucket; `private` is what holds without them. */
function refuseAcls(input: CreateInput): void {
  const { ACL, GrantFullControl, GrantRead, GrantReadACP, GrantWrite, GrantWriteACP } = input;
  const grants = [GrantFullControl, GrantRead, GrantReadACP, GrantWrite, GrantWriteACP];
  const isHarmless = ACL === undefined || ACL === 'private';
  if (!isHarmless || grants.some((grant) => grant !== undefined)) {
    throw new S3Error('InvalidBucketAclWithObjectOwnership');
  }
}

/** Throws NotImplemented for every kind of bucket but the general purpose one with S3's defaults. */
function refuseOtherKinds(input: CreateInput): void {
  const { Bucket, Location } = input.CreateBucketConfiguration ?? {};
  const refused = [
    input.ObjectLockEnabledForBucket === true && 'x-amz-bucket-object-lock-enabled',
    (input.ObjectOwnership ?? 'BucketOwnerEnforced') !== 'BucketOwnerEnforced' && 'x-amz-object-ownership',
    (input.BucketNamespace ?? 'global') !== 'global' && 'x-amz-bucket-namespace',
    (Bucket !== undefined || Location !== undefined) && 'CreateBucketConfiguration',
  ].find((header) => header !== false);
  if (refused !== undefined) throw new S3Error('NotImplemented', { fields: { Header: refused } });
}

/** In us-east-1, and only there, S3 lets an owner create a bucket again, and changes nothing. */
async function create(
  { engine, identity, region }: OperationRequest,
  name: string,
  tagElements: Parameters<typeof parseBucketTags>[0],
): Promise<void> {
  const tags = parseBucketTags(tagElements);
  try {
    const bucket = await engine.buckets.create({ name, region, owner: identity.canonicalId });
    if (tags.length > 0) await writeBucketTags(engine, bucket, tags);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'BucketAlreadyOwnedByYou' && region === unnamedRegion) return;
    const { code, fields, headers } = toS3Error(error);
    throw new S3Error(code, { fields, headers: { ...headers, 'x-amz-bucket-region': region }, cause: error });
  }
}
