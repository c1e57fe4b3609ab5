/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectAnnotations.html */
import { checkAnnotationPrefix } from '../annotations.ts';
import { listedChecksum } from '../checksum-members.ts';
import { quoteEtag } from '../conditions.ts';
import { decodeToken, encodeToken } from '../continuation-token.ts';
import { S3Error } from '../errors.ts';
import { checkObjectAddress, shownVersionId } from '../object-address.ts';
import { operation } from '../operation.ts';
import { shownTime } from '../times.ts';

const resultsMax = 1000;

export const listObjectAnnotations = operation({
  name: 'ListObjectAnnotations',
  supports: ['AnnotationPrefix', 'ContinuationToken', 'MaxAnnotationResults', 'VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    const { AnnotationPrefix: prefix = '', ContinuationToken, MaxAnnotationResults: limit = resultsMax } = input;
    checkAnnotationPrefix(prefix);
    checkLimit(limit);
    const after = ContinuationToken ? decodeToken('annotations', ContinuationToken) : '';
    const bucket = request.bucket();
    const version = await request.engine.objects.find(bucket, input.Key, input.VersionId);
    const page = await request.engine.annotations.list(version, { prefix, after, limit });
    const listed = page.annotations.map(({ annotation }) => annotation);
    const last = listed.at(-1);
    return {
      output: {
        Annotations: listed.map(({ name, size, etag, checksum, lastModifiedMs }) => ({
          AnnotationName: name,
          LastModified: shownTime(lastModifiedMs),
          ETag: quoteEtag(etag),
          ChecksumAlgorithm: listedChecksum(checksum).ChecksumAlgorithm,
          Size: size,
        })),
        Bucket: bucket.name,
        Key: input.Key,
        ObjectVersionId: shownVersionId(bucket, version.versionId),
        AnnotationPrefix: input.AnnotationPrefix,
        MaxAnnotationResults: limit,
        AnnotationCount: listed.length,
        ContinuationToken,
        ...(page.isTruncated && last !== undefined && { NextContinuationToken: encodeToken('annotations', last.name) }),
      },
    };
  },
});

function checkLimit(limit: number): void {
  if (limit >= 1 && limit <= resultsMax) return;
  throw new S3Error('InvalidArgument', {
    message: `Argument max-annotation-results must be an integer between 1 and ${resultsMax}`,
    fields: { ArgumentName: 'max-annotation-results', ArgumentValue: String(limit) },
  });
}
