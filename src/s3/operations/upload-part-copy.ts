/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
import { checksumMembers } from '../checksum-members.ts';
import { quoteEtag } from '../conditions.ts';
import { customerKeyInputs, readCustomerKey } from '../encryption/customer-keys.ts';
import { requireKeyToRead } from '../encryption/key-use.ts';
import { encryptionMembers } from '../encryption/shown-encryption.ts';
import { checkObjectAddress } from '../object-address.ts';
import { operation } from '../operation.ts';
import { parseCopyRange } from '../ranges.ts';
import { checkCopySize, copySourceInputs, openCopySource } from '../read-copy-source.ts';
import { shownTime } from '../times.ts';

export const uploadPartCopy = operation({
  name: 'UploadPartCopy',
  supports: [...copySourceInputs, ...customerKeyInputs, 'CopySourceRange', 'PartNumber', 'UploadId'],
  async run(request, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const customerKey = readCustomerKey(input);
    const upload = await request.engine.uploads.get(bucket, input.Key, input.UploadId);
    requireKeyToRead(request, upload.attributes.encryption);
    const source = await openCopySource(request, input, 'PART');
    const range = parseCopyRange(input.CopySourceRange, source.version.size);
    checkCopySize(range.end - range.start);
    const part = await request.engine.uploads.copyPart({
      bucket,
      upload,
      partNumber: input.PartNumber,
      source: source.version,
      sourceKey: source.customerKey,
      customerKey,
      range,
    });
    if (request.notes !== undefined) request.notes.objectSize = part.size;
    return {
      output: {
        CopyPartResult: {
          ETag: quoteEtag(part.etag),
          LastModified: shownTime(part.lastModifiedMs),
          ...checksumMembers(part.checksum),
        },
        ...encryptionMembers(upload.attributes.encryption, customerKey),
        CopySourceVersionId: source.versionId,
      },
    };
  },
});
