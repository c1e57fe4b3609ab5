/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
import { checkObjectAddress } from '../object-address.ts';
import { operation } from '../operation.ts';
import { namedUpload } from '../replication/minio-replicas.ts';
import { readReplica } from '../replication/replicas.ts';

export const abortMultipartUpload = operation({
  name: 'AbortMultipartUpload',
  supports: ['UploadId'],
  async run(request, input) {
    checkObjectAddress(input);
    readReplica(request);
    await request.engine.uploads.abort(request.bucket(), input.Key, namedUpload(input.UploadId).uploadId);
    return { output: {} };
  },
});
