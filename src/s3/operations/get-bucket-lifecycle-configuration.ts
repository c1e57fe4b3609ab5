/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html */
import { readLifecycle } from '../../engine/lifecycle/rules.ts';
import { S3Error } from '../errors.ts';
import { ruleElements } from '../lifecycle/write-rules.ts';
import { operation } from '../operation.ts';

export const getBucketLifecycleConfiguration = operation({
  name: 'GetBucketLifecycleConfiguration',
  supports: [],
  async run(request) {
    const bucket = request.bucket();
    const { rules, transitionMinimumSize } = await readLifecycle(request.engine.buckets, bucket);
    if (rules.length === 0) {
      throw new S3Error('NoSuchLifecycleConfiguration', { fields: { BucketName: bucket.name } });
    }
    return { output: { Rules: ruleElements(rules), TransitionDefaultMinimumObjectSize: transitionMinimumSize } };
  },
});
