/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html */
import { readEventRules } from '../../engine/events/rules.ts';
import { writeEventRules } from '../events/write-rules.ts';
import { operation } from '../operation.ts';

export const getBucketNotificationConfiguration = operation({
  name: 'GetBucketNotificationConfiguration',
  supports: [],
  async run(request) {
    const rules = await readEventRules(request.engine.buckets, request.bucket());
    return { output: writeEventRules(rules) };
  },
});
