/** `ninefold explain` as a developer runs it: what is told of a request that is supposed, and of one that was refused. */
import { AttachUserPolicyCommand, CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { region, rootKey } from '../support/daemon.ts';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const Bucket = 'explained';
const readOnly = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
const explain = (...words: string[]) => runNinefoldFor(daemon(), ['explain', ...words]);
let iam: IAMClient;
let alice: S3Client;
let keyId: string;

const policy = (Statement: object) => JSON.stringify({ Version: '2012-10-17', Statement });

beforeAll(async () => {
  const { client, endpoint } = daemon();
  iam = new IAMClient({ endpoint, region, credentials: rootKey, maxAttempts: 1 });
  const made = await runNinefoldFor(daemon(), ['user', 'create', 'alice', '--policies', 'AmazonS3ReadOnlyAccess']);
  const [, accessKeyId = '', secretAccessKey = ''] =
    /AWS_ACCESS_KEY_ID=(\S+)\nexport AWS_SECRET_ACCESS_KEY=(\S+)/.exec(made.stdout) ?? [];
  keyId = accessKeyId;
  const credentials = { accessKeyId, secretAccessKey };
  alice = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  await client.send(new CreateBucketCommand({ Bucket }));
  await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Tagging: 'class=secret' }));
  await client.send(
    new PutBucketPolicyCommand({
      Bucket,
      Policy: policy([
        {
          Sid: 'OfficeOnly',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:GetObject',
          Resource: `arn:aws:s3:::${Bucket}/*`,
          Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
        },
      ]),
    }),
  );
});

test('what would be allowed → by which statement of which policy, and exit 0', async () => {
  const told = await explain('--as', 'alice', 'GetObject', `s3://${Bucket}/k`, '--context', 'aws:SourceIp=10.1.2.3');
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(told.stdout).toContain(
    `ALLOWED  s3:GetObject on arn:aws:s3:::${Bucket}/k as arn:aws:iam::000000000000:user/alice`,
  );
  expect(told.stdout).toContain(`Allowed by statement 1 of ${readOnly} of user alice`);
  expect(told.stdout).toMatch(/explicit deny +none/);
  expect(told.stdout).toMatch(/resource policy +does not allow/);
  expect(told.stdout).toMatch(/accounts +one account/);
  expect(told.stdout).toMatch(/access control lists +off/);
  expect(told.stdout).toMatch(/public access block +blocks +blockPublicAcls/);
  expect(told.stdout).toContain("statement 1 (OfficeOnly) of the bucket's policy does not apply, by its Condition");
});

test('what would be refused → the condition with both values, and exit 1', async () => {
  const told = await explain(
    '--as',
    keyId,
    's3:getobject',
    `s3://${Bucket}/k`,
    '--context',
    'aws:SourceIp=203.0.113.7',
  );
  expect(told.code).toBe(1);
  expect(told.stdout).toContain('with an explicit deny in a resource-based policy');
  expect(told.stdout).toMatch(/explicit deny +denies +statement 1 \(OfficeOnly\) of the bucket's policy/);
  expect(told.stdout).toContain('NotIpAddress aws:SourceIp ["10.0.0.0/8"]: the request has "203.0.113.7", it holds');
});

test('an operation that needs several actions → each is explained', async () => {
  const header = ['--header', 'x-amz-tagging=a=b', '--header', 'X-Amz-Acl=public-read'];
  const told = await explain('--as', 'root', 'PutObject', `s3://${Bucket}/new`, ...header, '--json');
  expect(told.code).toBe(0);
  const { explanations } = JSON.parse(told.stdout);
  expect(explanations.map(({ action }: { action: string }) => action)).toEqual([
    's3:PutObject',
    's3:PutObjectTagging',
    's3:PutObjectAcl',
  ]);
});

test('as the real request is decided, so it is explained: user, role, anonymous', async () => {
  const trust = policy({ Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: 'sts:AssumeRole' });
  await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument: trust }));
  const tagged = {
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: '*',
    Condition: { StringEquals: { 's3:ExistingObjectTag/class': 'secret' } },
  };
  await iam.send(
    new PutRolePolicyCommand({ RoleName: 'reader', PolicyName: 'secrets', PolicyDocument: policy(tagged) }),
  );
  const role = 'arn:aws:iam::000000000000:role/reader';
  const inside = ['--context', 'aws:SourceIp=10.0.0.1'];
  const allowed = await explain('--as', role, 'GetObject', `s3://${Bucket}/k`, ...inside);
  expect(allowed.stdout).toContain('Allowed by statement 1 of secrets of role reader');
  expect((await explain('--as', role, 'GetObject', `s3://${Bucket}/other`, ...inside)).code).toBe(1);
  const anonymous = await explain('--as', 'anonymous', 'CreateMultipartUpload', `s3://${Bucket}/k`);
  expect(anonymous.stdout).toContain('Anonymous users cannot initiate multipart uploads.');
});

test('a request that was refused → the reason as of then, by the id that the client was told', async () => {
  const error = await alice.send(new GetObjectCommand({ Bucket, Key: 'k' })).catch((thrown: unknown) => thrown);
  if (!(error instanceof S3ServiceException)) throw new Error('it was not refused');
  expect(error).toMatchObject({
    name: 'AccessDenied',
    DenyingPolicy: "the bucket's policy",
    DenyingStatement: 'OfficeOnly',
  });
  await daemon().client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: {} }));
  const told = await explain(error.$metadata.requestId ?? '');
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(told.stdout).toContain('REFUSED  s3:GetObject');
  expect(told.stdout).toMatch(/aws:SourceIp \["10.0.0.0\/8"\]: the request has "(::ffff:)?127.0.0.1", it holds/);
  expect(told.stdout).not.toContain(keyId);
  await daemon().client.send(new DeletePublicAccessBlockCommand({ Bucket }));
});

test('a call of IAM that was refused → explained too', async () => {
  const own = new IAMClient({
    endpoint: daemon().endpoint,
    region,
    credentials: await alice.config.credentials(),
    maxAttempts: 1,
  });
  const error = await own
    .send(new AttachUserPolicyCommand({ UserName: 'alice', PolicyArn: readOnly }))
    .catch((thrown: unknown) => thrown);
  const { requestId } = Object(error).$metadata;
  const told = await explain(requestId);
  expect(told.stdout).toContain('REFUSED  iam:AttachUserPolicy on arn:aws:iam::000000000000:user/alice');
  expect(told.stdout).toContain('because no identity-based policy allows the iam:AttachUserPolicy action');
});

test('another account’s caller, an object’s owner → the steps say so', async () => {
  await daemon().client.send(
    new PutBucketOwnershipControlsCommand({
      Bucket,
      OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
    }),
  );
  const told = await explain('--as', 'anonymous', 'ListObjectsV2', `s3://${Bucket}`);
  expect(told.stdout).toContain('User: anonymous is not authorized to perform: s3:ListBucket');
  expect(told.stdout).toMatch(/accounts +no account/);
  expect(told.stdout).toMatch(/access control lists +do not grant/);
  expect(told.stdout).toMatch(/object ownership +ObjectWriter/);
});

test.for([
  [['--as', 'nobody', 'GetObject', 's3://explained/k'], 'There is no user, role or access key nobody.'],
  [['--as', 'alice', 'GetThing', 's3://explained/k'], 'GetThing is no operation and no action of S3'],
  [['--as', 'alice', 'GetObject', 's3://explained'], 's3:GetObject is about an object: name one'],
  [['--as', 'alice', 'GetObject', 's3://missing/k'], 'There is no bucket missing.'],
  [['GetObject', 's3://explained/k'], 'Say who asks, by --as'],
  [['ABCDEF'], 'No refusal of a request ABCDEF is remembered'],
] as const)('%j → refused: %s', async ([words, message]) => {
  expect(await explain(...words)).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
});
