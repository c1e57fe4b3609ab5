/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
import type { PartPage } from '../../engine/types.ts';
import { checksumMembers, storedAlgorithm } from '../checksum-members.ts';
import { quoteEtag } from '../conditions.ts';
import { customerKeyInputs, readCustomerKey } from '../encryption/customer-keys.ts';
import { abortHeaders } from '../lifecycle/announcements.ts';
import { checkUploadKey } from '../multipart.ts';
import { checkObjectAddress } from '../object-address.ts';
import { operation } from '../operation.ts';
import { ownerElement } from '../owners.ts';
import { pageLimit, parsePartMarker } from '../page-limits.ts';
import { listedClass } from '../storage-classes.ts';
import { shownTime } from '../times.ts';

const emptyPage: PartPage = { parts: [], isTruncated: false };

export const listParts = operation({
  name: 'ListParts',
  supports: ['MaxParts', 'PartNumberMarker', 'UploadId', ...customerKeyInputs],
  async run(request, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const after = parsePartMarker('part-number-marker', input.PartNumberMarker);
    const limit = pageLimit(input.MaxParts);
    const upload = await request.engine.uploads.get(bucket, input.Key, input.UploadId);
    checkUploadKey(upload, readCustomerKey(input));
    const page = limit === 0 ? emptyPage : await request.engine.uploads.listParts(upload, { after, limit });
    const owner = ownerElement(request.nameOf, upload.attributes.owner);
    // Without an algorithm of the upload's, the checksums kept of its parts are of our own choice and not shown.
    const algorithm = storedAlgorithm(upload.checksumAlgorithm);
    return {
      output: {
        Bucket: bucket.name,
        Key: input.Key,
        UploadId: upload.uploadId,
        PartNumberMarker: String(after),
        NextPartNumberMarker: String(page.parts.at(-1)?.partNumber ?? after),
        MaxParts: limit,
        IsTruncated: page.isTruncated,
        Parts: page.parts.map(({ partNumber, size, etag, lastModifiedMs, checksum }) => ({
          PartNumber: partNumber,
          LastModified: shownTime(lastModifiedMs),
          ETag: quoteEtag(etag),
          Size: size,
          ...(algorithm !== undefined && checksumMembers(checksum)),
        })),
        Initiator: owner,
        Owner: owner,
        StorageClass: listedClass(upload.attributes.storageClass),
        ChecksumAlgorithm: algorithm,
        ChecksumType: upload.checksumType,
        ...(await abortHeaders(request.engine, bucket, upload)),
      },
    };
  },
});
