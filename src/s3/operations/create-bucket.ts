/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
import { isPublicAcl } from '../../engine/access.ts';
import { newBucketDocuments, writeBucketAcl } from '../../engine/access-documents.ts';
import { tagsDocument } from '../../engine/bucket-tags.ts';
import { EngineError } from '../../engine/errors.ts';
import { newObjectLockDocument } from '../../engine/locks/configuration.ts';
import type { Grant } from '../../engine/types.ts';
import { aclOfHeaders, bucketAclInputs, hasGrantHeaders, refuseBlockedAcl } from '../acls.ts';
import { isBucketName } from '../bucket-names.ts';
import { toS3Error } from '../engine-errors.ts';
import { S3Error } from '../errors.ts';
import type { InputOf } from '../model/types.ts';
import { type OperationRequest, operation } from '../operation.ts';
import { bucketArn, regionOfConstraint, unnamedRegion } from '../regions.ts';
import { parseBucketTags } from '../tagging.ts';

type CreateInput = InputOf<'CreateBucket'>;
type Acl = readonly Grant[] | undefined;

export const createBucket = operation({
  name: 'CreateBucket',
  supports: [
    ...bucketAclInputs,
    'BucketNamespace',
    'CreateBucketConfiguration',
    'ObjectLockEnabledForBucket',
    'ObjectOwnership',
  ],
  async run(request, input) {
    if (!isBucketName(input.Bucket)) throw new S3Error('InvalidBucketName', { fields: { BucketName: input.Bucket } });
    refuseOtherKinds(input);
    const { LocationConstraint, Tags = [] } = input.CreateBucketConfiguration ?? {};
    const region = regionOfConstraint(LocationConstraint, request.regions);
    const acl = aclOfNewBucket(request, input);
    const access = newBucketDocuments({ defaults: request.bucketDefaults, ownership: input.ObjectOwnership, acl });
    await create(
      request,
      { name: input.Bucket, region },
      { acl, configs: { ...access, ...tagsDocument(parseBucketTags(Tags)), ...lockDocument(input) } },
    );
    return { output: { Location: `/${input.Bucket}`, BucketArn: bucketArn(input.Bucket) } };
  },
});

/** The list that the bucket is made with. Throws where the bucket, as it will be, has none or blocks this one. */
function aclOfNewBucket(request: OperationRequest, input: CreateInput): Acl {
  const { identity, bucketDefaults, accountBlocks, findUser } = request;
  const owner = identity.canonicalId;
  const isAws = bucketDefaults === 'aws';
  const isEnforced = (input.ObjectOwnership ?? (isAws ? 'BucketOwnerEnforced' : undefined)) === 'BucketOwnerEnforced';
  if (isEnforced && hasGrantHeaders(input)) throw new S3Error('InvalidBucketAclWithObjectOwnership');
  const acl = aclOfHeaders(input, { kind: 'bucket', owner, bucketOwner: owner, findUser });
  if (acl === undefined) return undefined;
  if (isEnforced) throw new S3Error('InvalidBucketAclWithObjectOwnership');
  const isBlocked = isAws || accountBlocks.of(owner)?.blockPublicAcls === true;
  if (isBlocked && isPublicAcl(acl)) throw new S3Error('InvalidBucketAclWithBlockPublicAccessError');
  return acl;
}

function lockDocument({ ObjectLockEnabledForBucket }: CreateInput): Readonly<Record<string, string>> {
  return ObjectLockEnabledForBucket === true ? newObjectLockDocument() : {};
}

/** Throws NotImplemented for every kind of bucket but the general purpose one. */
function refuseOtherKinds(input: CreateInput): void {
  const { Bucket, Location } = input.CreateBucketConfiguration ?? {};
  const refused = [
    (input.BucketNamespace ?? 'global') !== 'global' && 'x-amz-bucket-namespace',
    (Bucket !== undefined || Location !== undefined) && 'CreateBucketConfiguration',
  ].find((header) => header !== false);
  if (refused !== undefined) throw new S3Error('NotImplemented', { fields: { Header: refused } });
}

/** In us-east-1, and only there, S3 lets an owner create a bucket again: its list is set anew, and nothing else changes. */
async function create(
  request: OperationRequest,
  { name, region }: { name: string; region: string },
  { acl, configs }: { acl: Acl; configs: Readonly<Record<string, string>> },
): Promise<void> {
  const { engine, identity } = request;
  try {
    await engine.buckets.create({ name, region, owner: identity.canonicalId, configs });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'BucketAlreadyOwnedByYou' && region === unnamedRegion) return resetAcl(request, name, acl);
    const { code, fields, headers } = toS3Error(error);
    throw new S3Error(code, { fields, headers: { ...headers, 'x-amz-bucket-region': region }, cause: error });
  }
}

async function resetAcl({ engine, accessOf }: OperationRequest, name: string, acl: Acl): Promise<void> {
  const bucket = await engine.buckets.get(name);
  const { ownership, block } = await accessOf(bucket);
  if (ownership === 'BucketOwnerEnforced') {
    if (acl !== undefined) throw new S3Error('InvalidBucketAclWithObjectOwnership');
    return;
  }
  refuseBlockedAcl(acl, block);
  await writeBucketAcl(engine.buckets, bucket, acl);
}
