/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
import { parseUploadChecksum } from '../multipart.ts';
import { checkObjectAddress } from '../object-address.ts';
import { attributeInputs, parseAttributes } from '../object-attributes.ts';
import { operation } from '../operation.ts';
import { aclInputs, objectLockInputs, refuseAcls, refuseObjectLock } from '../refused-features.ts';

export const createMultipartUpload = operation({
  name: 'CreateMultipartUpload',
  supports: [...attributeInputs, ...aclInputs, ...objectLockInputs, 'ChecksumAlgorithm', 'ChecksumType'],
  async run(request, input) {
    checkObjectAddress(input);
    refuseAcls(input);
    refuseObjectLock(input);
    const bucket = request.bucket();
    const checksum = parseUploadChecksum(input.ChecksumAlgorithm, input.ChecksumType);
    const upload = await request.engine.uploads.create({
      bucket,
      key: input.Key,
      attributes: parseAttributes(bucket, input),
      ...checksum,
    });
    return {
      output: {
        Bucket: bucket.name,
        Key: input.Key,
        UploadId: upload.uploadId,
        ChecksumAlgorithm: checksum.checksumAlgorithm,
        ChecksumType: checksum.checksumType,
      },
    };
  },
});
