/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
import { objectAclInputs } from '../acls.ts';
import { encryptionFor, encryptionInputs } from '../encryption/new-encryption.ts';
import { writtenEncryption } from '../encryption/shown-encryption.ts';
import { S3Error } from '../errors.ts';
import { abortHeaders } from '../lifecycle/announcements.ts';
import { parseUploadChecksum } from '../multipart.ts';
import { checkObjectAddress } from '../object-address.ts';
import { attributeInputs, parseAttributes } from '../object-attributes.ts';
import { lockOfNewObject, objectLockInputs } from '../object-lock/new-objects.ts';
import { standingOfNewObject } from '../object-ownership.ts';
import { operation } from '../operation.ts';
import { nameUpload } from '../replication/minio-replicas.ts';
import { isMinioVersionHere, readReplica, standingOfReplica } from '../replication/replicas.ts';

export const createMultipartUpload = operation({
  name: 'CreateMultipartUpload',
  supports: [
    ...attributeInputs,
    ...encryptionInputs,
    ...objectAclInputs,
    ...objectLockInputs,
    'ChecksumAlgorithm',
    'ChecksumType',
  ],
  async run(request, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const replica = readReplica(request);
    const standing = await (replica ? standingOfReplica(request, replica) : standingOfNewObject(request, input));
    const attributes = { ...parseAttributes(standing, input), ...standing };
    if (replica && (await isMinioVersionHere(request, replica, { key: input.Key, tags: attributes.tags }))) {
      throw new S3Error('PreconditionFailed');
    }
    const lock = await lockOfNewObject(request, input);
    const checksum = parseUploadChecksum(input.ChecksumAlgorithm, input.ChecksumType);
    const encryption = await encryptionFor(request, input);
    const upload = await request.engine.uploads.create({
      bucket,
      key: input.Key,
      attributes: { ...attributes, ...lock },
      ...checksum,
      encryption,
    });
    return {
      output: {
        Bucket: bucket.name,
        Key: input.Key,
        UploadId: nameUpload(request, upload.uploadId),
        ...writtenEncryption(upload.attributes.encryption, encryption),
        ChecksumAlgorithm: checksum.checksumAlgorithm,
        ChecksumType: checksum.checksumType,
        ...(await abortHeaders(request.engine, bucket, upload)),
      },
    };
  },
});
