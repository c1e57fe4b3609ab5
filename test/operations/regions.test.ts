/** Regions that clients sign for: condition → answer. */
import { CreateBucketCommand, GetBucketLocationCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { rootKey } from '../support/daemon.ts';
import { useDaemon } from '../support/use-daemon.ts';

const strict = useDaemon();
const lenient = useDaemon({ config: 'otherRegions: [eu-west-1]\n' });

function clientIn(region: string, endpoint: string): S3Client {
  return new S3Client({ endpoint, region, credentials: rootKey, forcePathStyle: true });
}

test("signed for another region → AuthorizationHeaderMalformed that names the server's", async () => {
  const error = await clientIn('eu-west-1', strict().endpoint)
    .send(new ListBucketsCommand({}))
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'AuthorizationHeaderMalformed', Region: 'us-east-1' });
});

test('signed for a region that the configuration accepts → served, and buckets are made there', async () => {
  const client = clientIn('eu-west-1', lenient().endpoint);
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
  await client.send(new CreateBucketCommand({ Bucket: 'in-europe', CreateBucketConfiguration }));
  const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket: 'in-europe' }));
  expect(LocationConstraint).toBe('eu-west-1');
});
