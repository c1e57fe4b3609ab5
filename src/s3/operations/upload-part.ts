/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
import { checksumInputs, checksumMembers, chosenAlgorithm } from '../checksum-members.ts';
import { quoteEtag } from '../conditions.ts';
import { customerKeyInputs, readCustomerKey } from '../encryption/customer-keys.ts';
import { requireKeyToRead } from '../encryption/key-use.ts';
import { encryptionMembers } from '../encryption/shown-encryption.ts';
import { partAlgorithm } from '../multipart.ts';
import { checkObjectAddress } from '../object-address.ts';
import { requireDigest } from '../object-lock/new-objects.ts';
import { operation } from '../operation.ts';
import { namedUpload } from '../replication/minio-replicas.ts';

export const uploadPart = operation({
  name: 'UploadPart',
  supports: [...checksumInputs, ...customerKeyInputs, 'PartNumber', 'UploadId'],
  async run(request, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const customerKey = readCustomerKey(input);
    const upload = await request.engine.uploads.get(bucket, input.Key, namedUpload(input.UploadId).uploadId);
    await requireDigest(request, 'Put Part', upload.attributes);
    requireKeyToRead(request, upload.attributes.encryption);
    const checksumAlgorithm = partAlgorithm(upload, chosenAlgorithm(input, request.header('x-amz-trailer')));
    const part = await request.engine.uploads.putPart({
      bucket,
      upload,
      partNumber: input.PartNumber,
      source: request.body({ checksumAlgorithm }),
      customerKey,
    });
    if (request.notes !== undefined) request.notes.objectSize = part.size;
    return {
      output: {
        ETag: quoteEtag(part.etag),
        ...encryptionMembers(upload.attributes.encryption, customerKey),
        ...checksumMembers(part.checksum),
      },
    };
  },
});
