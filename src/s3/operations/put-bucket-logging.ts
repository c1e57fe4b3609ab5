/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html */
import { readLoggingElement } from '../access-log/read-configuration.ts';
import { refuseBlockedAcl } from '../acls.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const putBucketLogging = operation({
  name: 'PutBucketLogging',
  supports: ['BucketLoggingStatus'],
  async run({ engine, identity, findUser, findLogTarget, ...request }, { BucketLoggingStatus }) {
    const bucket = request.bucket();
    // Whatever its policy gives to others: the log is its owner's affair.
    if (identity.canonicalId !== bucket.owner) throw new S3Error('AccessDenied');
    const { LoggingEnabled } = BucketLoggingStatus;
    const configuration = LoggingEnabled && readLoggingElement(LoggingEnabled, findUser);
    if (configuration !== undefined) {
      const { target, prefix, grants } = configuration;
      const { access } = await findLogTarget({ source: bucket, target, key: prefix });
      if (grants.length > 0 && access.ownership === 'BucketOwnerEnforced') {
        const message = 'Target grants not allowed for bucket owner enforced buckets';
        throw new S3Error('AccessControlListNotSupported', { message });
      }
      refuseBlockedAcl(grants, access.block);
    }
    await engine.accessLogs.configure(bucket, configuration);
    return { output: {} };
  },
});
