/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html */
import { operation } from '../operation.ts';
import { checkBuckets } from '../replication/check-buckets.ts';
import { readConfiguration } from '../replication/read-configuration.ts';

/** 1,000 rules with long prefixes and tags. */
const rulesBytesMax = 1000 * 4 * 1024;

export const putBucketReplication = operation({
  name: 'PutBucketReplication',
  documentBytesMax: rulesBytesMax,
  // The token asks that buckets with object lock be replicated, which needs no leave here.
  supports: ['ReplicationConfiguration', 'Token'],
  async run(request, input) {
    const configuration = readConfiguration(input.ReplicationConfiguration);
    await checkBuckets(request, configuration);
    request.replication.passRole(request.identity, { role: configuration.role, bucket: request.bucket() });
    await request.engine.replication.setRules(request.bucket(), configuration);
    return { output: {} };
  },
});
