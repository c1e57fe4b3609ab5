/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAnnotation.html */
import { checkAnnotationName } from '../annotations.ts';
import { typedChecksumMembers } from '../checksum-members.ts';
import { quoteEtag } from '../conditions.ts';
import { requireKeyToRead } from '../encryption/key-use.ts';
import { encryptionMembers } from '../encryption/shown-encryption.ts';
import { checkObjectAddress, shownVersionId } from '../object-address.ts';
import { operation } from '../operation.ts';
import { shownTime } from '../times.ts';

export const getObjectAnnotation = operation({
  name: 'GetObjectAnnotation',
  supports: ['AnnotationName', 'ChecksumMode', 'VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    checkAnnotationName(input.AnnotationName);
    const bucket = request.bucket();
    const { objects, annotations } = request.engine;
    const version = await objects.find(bucket, input.Key, input.VersionId);
    const { encryption } = version.attributes;
    const found = await annotations.find(version, input.AnnotationName);
    requireKeyToRead(request, encryption);
    const { size, etag, checksum, lastModifiedMs } = found.annotation;
    const read = await annotations.read(version, found);
    return {
      output: {
        AnnotationPayload: (await read.takeWhole()) ?? read,
        ObjectVersionId: shownVersionId(bucket, version.versionId),
        LastModified: shownTime(lastModifiedMs),
        ContentLength: size,
        ETag: quoteEtag(etag),
        ...(input.ChecksumMode === 'ENABLED' && typedChecksumMembers(checksum)),
        ServerSideEncryption: encryptionMembers(encryption, undefined).ServerSideEncryption,
      },
    };
  },
});
