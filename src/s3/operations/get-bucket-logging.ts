/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLogging.html */
import { readLogging } from '../../engine/access-log/configuration.ts';
import { loggingElement } from '../access-log/write-configuration.ts';
import { operation } from '../operation.ts';

export const getBucketLogging = operation({
  name: 'GetBucketLogging',
  supports: [],
  async run({ engine, nameOf, ...request }) {
    const configuration = await readLogging(engine.buckets, request.bucket());
    return { output: configuration === 'none' ? {} : { LoggingEnabled: loggingElement(nameOf, configuration) } };
  },
});
