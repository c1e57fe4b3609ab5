/**
 * Configurations that no bucket has, as what they configure is not built: to set one is NotImplemented, and to read it is
 * answered as AWS answers for a bucket that has none, which is so. Tools that manage buckets read all of them.
 */
import { S3Error, type S3ErrorCode } from '../errors.ts';
import type { OperationName, OutputOf } from '../model/types.ts';
import { type Operation, operation } from '../operation.ts';

/** Reading it is an error. */
function missing<N extends OperationName>(
  name: N,
  code: S3ErrorCode,
  supports: Operation<N>['supports'] = [],
): Operation<N> {
  return operation({
    name,
    supports,
    async run(request) {
      throw new S3Error(code, { fields: { BucketName: request.bucket().name } });
    },
  });
}

/** Reading it gives a document that says nothing. */
function empty<N extends OperationName>(
  name: N,
  output: OutputOf<N>,
  supports: Operation<N>['supports'] = [],
): Operation<N> {
  return operation({ name, supports, run: async () => ({ output }) });
}

export const absentConfigurations = [
  empty('GetBucketAccelerateConfiguration', {}),
  missing('GetBucketWebsite', 'NoSuchWebsiteConfiguration'),
] as const;
