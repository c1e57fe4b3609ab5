/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html */
import { type MinimumSize, writeLifecycle } from '../../engine/lifecycle/rules.ts';
import { S3Error } from '../errors.ts';
import { readRules } from '../lifecycle/read-rules.ts';
import { type OperationRequest, operation } from '../operation.ts';

/** 1,000 rules with long prefixes and tags. */
const rulesBytesMax = 1000 * 4 * 1024;

/** Until September 2024 objects of any size moved to the archives unless a rule said otherwise. */
function defaultMinimum({ bucketDefaults }: OperationRequest): MinimumSize {
  return bucketDefaults === 'legacy' ? 'varies_by_storage_class' : 'all_storage_classes_128K';
}

export const putBucketLifecycleConfiguration = operation({
  name: 'PutBucketLifecycleConfiguration',
  documentBytesMax: rulesBytesMax,
  supports: ['LifecycleConfiguration', 'TransitionDefaultMinimumObjectSize'],
  async run(request, input) {
    const { LifecycleConfiguration, TransitionDefaultMinimumObjectSize = defaultMinimum(request) } = input;
    if (LifecycleConfiguration === undefined) throw new S3Error('MissingRequestBodyError');
    const rules = readRules(LifecycleConfiguration.Rules ?? []);
    await writeLifecycle(request.engine.buckets, request.bucket(), {
      rules,
      transitionMinimumSize: TransitionDefaultMinimumObjectSize,
    });
    return { output: { TransitionDefaultMinimumObjectSize } };
  },
});
