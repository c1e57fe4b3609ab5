/**
 * The authorise stage: finds out what the decision in `engine/access.ts` needs to know, and refuses. For the root of the
 * account that owns the bucket that is nothing; for others the bucket's documents and, where an object's own list counts, the object.
 */
import { type AccessQuestion, isAllowed, needsObject, type Owned } from '../engine/access.ts';
import { readBucketAccess } from '../engine/access-documents.ts';
import { EngineError } from '../engine/errors.ts';
import type { Bucket, Engine } from '../engine/types.ts';
import type { Identity } from '../iam/identity.ts';
import { S3Error } from './errors.ts';
import type { OperationName } from './model/types.ts';
import type { ObjectName } from './operation.ts';

export interface AccessRequest {
  readonly identity: Identity;
  readonly operation: OperationName;
  readonly bucket: Bucket | undefined;
  readonly object: ObjectName | undefined;
}

interface Actions {
  readonly action: string;
  /** Where the request names a version. */
  readonly versionAction?: string;
}

const readsObject: Actions = { action: 's3:GetObject', versionAction: 's3:GetObjectVersion' };
const listsBucket: Actions = { action: 's3:ListBucket' };

/** The action of each operation that others than the root may be allowed. */
const actions: Partial<Record<OperationName, Actions>> = {
  DeleteObject: { action: 's3:DeleteObject', versionAction: 's3:DeleteObjectVersion' },
  GetBucketAcl: { action: 's3:GetBucketAcl' },
  GetBucketLocation: { action: 's3:GetBucketLocation' },
  GetObject: readsObject,
  GetObjectAcl: { action: 's3:GetObjectAcl', versionAction: 's3:GetObjectVersionAcl' },
  GetObjectAttributes: { action: 's3:GetObjectAttributes', versionAction: 's3:GetObjectVersionAttributes' },
  HeadBucket: listsBucket,
  HeadObject: readsObject,
  ListMultipartUploads: { action: 's3:ListBucketMultipartUploads' },
  ListObjects: listsBucket,
  ListObjectsV2: listsBucket,
  ListObjectVersions: { action: 's3:ListBucketVersions' },
  PutBucketAcl: { action: 's3:PutBucketAcl' },
  PutObject: { action: 's3:PutObject' },
  PutObjectAcl: { action: 's3:PutObjectAcl', versionAction: 's3:PutObjectVersionAcl' },
};

/** What nobody may do without a signature, whatever is granted, in S3's words. */
const signedOnly: Partial<Record<OperationName, string>> = {
  CopyObject: 'Anonymous users cannot copy objects.  Please authenticate.',
  CreateMultipartUpload: 'Anonymous users cannot initiate multipart uploads.  Please authenticate.',
};

/** Throws AccessDenied. */
export async function authorise(engine: Engine, request: AccessRequest): Promise<void> {
  const { identity, operation, bucket } = request;
  if (identity.kind === 'root' && (bucket === undefined || bucket.owner === identity.canonicalId)) return;
  // Of users and roles their policies decide, and nobody reads those yet.
  if (identity.kind !== 'root' && identity.kind !== 'anonymous') throw new S3Error('AccessDenied');
  if (bucket !== undefined && (await isGranted(engine, bucket, request))) return;
  const message = signedOnly[operation];
  throw new S3Error('AccessDenied', message === undefined ? {} : { message });
}

async function isGranted(
  engine: Engine,
  bucket: Bucket,
  { identity, operation, object }: AccessRequest,
): Promise<boolean> {
  const known = actions[operation];
  if (known === undefined) return false;
  const action = object?.versionId === undefined ? known.action : (known.versionAction ?? known.action);
  const access = await readBucketAccess(engine.buckets, bucket);
  const question: AccessQuestion = { requester: identity, action, bucket: access };
  if (object === undefined || !needsObject(question)) return isAllowed(question);
  return isAllowed({ ...question, object: await findObject(engine, bucket, object) });
}

/** Owner and list of a version; undefined if there is none, or only a delete marker. */
async function findObject(engine: Engine, bucket: Bucket, { key, versionId }: ObjectName): Promise<Owned | undefined> {
  try {
    return (await engine.objects.find(bucket, key, versionId)).attributes;
  } catch (error) {
    const isAbsent =
      error instanceof EngineError && ['NoSuchKey', 'NoSuchVersion', 'DeleteMarkerMet'].includes(error.code);
    if (isAbsent) return undefined;
    throw error;
  }
}
