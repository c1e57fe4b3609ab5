/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectAnnotation.html */
import { annotationChange, checkAnnotationName } from '../annotations.ts';
import { checkObjectAddress, shownVersionId } from '../object-address.ts';
import { operation } from '../operation.ts';

export const deleteObjectAnnotation = operation({
  name: 'DeleteObjectAnnotation',
  supports: ['AnnotationName', 'ObjectIfMatch', 'VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    checkAnnotationName(input.AnnotationName);
    const bucket = request.bucket();
    const version = await request.engine.objects.find(bucket, input.Key, input.VersionId);
    await request.engine.annotations.delete(annotationChange(request, { bucket, version }, input));
    return { output: { ObjectVersionId: shownVersionId(bucket, version.versionId) } };
  },
});
