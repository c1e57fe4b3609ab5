/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html */
import { writeLifecycle } from '../../engine/lifecycle/rules.ts';
import { S3Error } from '../errors.ts';
import { readRules } from '../lifecycle/read-rules.ts';
import { operation } from '../operation.ts';

/** 1,000 rules with long prefixes and tags. */
const rulesBytesMax = 1000 * 4 * 1024;

export const putBucketLifecycleConfiguration = operation({
  name: 'PutBucketLifecycleConfiguration',
  documentBytesMax: rulesBytesMax,
  supports: ['LifecycleConfiguration', 'TransitionDefaultMinimumObjectSize'],
  async run(request, input) {
    const { LifecycleConfiguration, TransitionDefaultMinimumObjectSize = 'all_storage_classes_128K' } = input;
    if (LifecycleConfiguration === undefined) throw new S3Error('MissingRequestBodyError');
    const rules = readRules(LifecycleConfiguration.Rules ?? []);
    await writeLifecycle(request.engine.buckets, request.bucket(), {
      rules,
      transitionMinimumSize: TransitionDefaultMinimumObjectSize,
    });
    return { output: { TransitionDefaultMinimumObjectSize } };
  },
});
