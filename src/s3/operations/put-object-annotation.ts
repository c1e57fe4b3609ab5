/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html */
import { annotationBody, annotationChange, checkAnnotationName } from '../annotations.ts';
import { checksumInputs, typedChecksumMembers } from '../checksum-members.ts';
import { quoteEtag } from '../conditions.ts';
import { requireKeyToRead } from '../encryption/key-use.ts';
import { encryptionMembers } from '../encryption/shown-encryption.ts';
import { checkObjectAddress, shownVersionId } from '../object-address.ts';
import { operation } from '../operation.ts';

export const putObjectAnnotation = operation({
  name: 'PutObjectAnnotation',
  supports: [...checksumInputs, 'AnnotationName', 'ObjectIfMatch', 'VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    checkAnnotationName(input.AnnotationName);
    const bucket = request.bucket();
    const version = await request.engine.objects.find(bucket, input.Key, input.VersionId);
    const { encryption } = version.attributes;
    requireKeyToRead(request, encryption);
    const source = annotationBody(request.body());
    const change = annotationChange(request, { bucket, version }, input);
    const { name, etag, checksum } = await request.engine.annotations.put({ ...change, source });
    return {
      output: {
        Key: input.Key,
        AnnotationName: name,
        ObjectVersionId: shownVersionId(bucket, version.versionId),
        ETag: quoteEtag(etag),
        ...typedChecksumMembers(checksum),
        ServerSideEncryption: encryptionMembers(encryption, undefined).ServerSideEncryption,
      },
    };
  },
});
