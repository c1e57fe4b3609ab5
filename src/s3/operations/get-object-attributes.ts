/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html */
import { checkCustomerKey } from '../../engine/encryption/keyring.ts';
import type { Version } from '../../engine/types.ts';
import { checksumMembers, typedChecksumMembers } from '../checksum-members.ts';
import { customerKeyInputs, readCustomerKey } from '../encryption/customer-keys.ts';
import { refuseEncryptionOfRead } from '../encryption/shown-encryption.ts';
import type { InputOf, OutputOf } from '../model/types.ts';
import { checkObjectAddress, shownVersionId } from '../object-address.ts';
import { type OperationRequest, operation } from '../operation.ts';
import { pageLimit, parsePartMarker } from '../page-limits.ts';
import { listedClass } from '../storage-classes.ts';
import { shownTime } from '../times.ts';

type PartsElement = OutputOf<'GetObjectAttributes'>['ObjectParts'];

export const getObjectAttributes = operation({
  name: 'GetObjectAttributes',
  supports: ['MaxParts', 'ObjectAttributes', 'PartNumberMarker', 'VersionId', ...customerKeyInputs],
  async run(request, input) {
    checkObjectAddress(input);
    refuseEncryptionOfRead(request);
    const bucket = request.bucket();
    const customerKey = readCustomerKey(input);
    const version = await request.engine.objects.find(bucket, input.Key, input.VersionId);
    checkCustomerKey(version.attributes.encryption, customerKey);
    const asked = new Set(input.ObjectAttributes);
    return {
      output: {
        LastModified: shownTime(version.lastModifiedMs),
        VersionId: shownVersionId(bucket, version.versionId),
        // Here, unlike anywhere else, the ETag is shown without its quotes.
        ...(asked.has('ETag') && { ETag: version.etag }),
        ...(asked.has('Checksum') && version.checksum && { Checksum: typedChecksumMembers(version.checksum) }),
        ...(asked.has('ObjectParts') && { ObjectParts: await partsElement(request, version, input) }),
        ...(asked.has('StorageClass') && { StorageClass: listedClass(version.attributes.storageClass) }),
        ...(asked.has('ObjectSize') && { ObjectSize: version.size }),
      },
    };
  },
});

/** Parts of a multipart object, a page at a time; undefined for any other. */
async function partsElement(
  { engine }: OperationRequest,
  version: Version,
  input: InputOf<'GetObjectAttributes'>,
): Promise<PartsElement> {
  if (version.partCount === undefined) return undefined;
  const after = parsePartMarker('x-amz-part-number-marker', input.PartNumberMarker);
  const limit = pageLimit(input.MaxParts);
  const page = await engine.objects.listParts(version, { after, limit });
  return {
    TotalPartsCount: version.partCount,
    PartNumberMarker: String(after),
    NextPartNumberMarker: String(page.parts.at(-1)?.partNumber ?? after),
    MaxParts: limit,
    IsTruncated: page.isTruncated,
    Parts: page.parts.map(({ partNumber, size, checksum }) => ({
      PartNumber: partNumber,
      Size: size,
      ...checksumMembers(checksum),
    })),
  };
}
