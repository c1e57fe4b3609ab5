/** Whatever is asked of the server, at the most talkative level: no secret, signature or token gets into its log. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { region, rootKey } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { presign } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const declaredSecret = 'a-secret-of-the-configuration';
const daemon = useDaemon({
  config: `
logLevel: trace
accounts:
  - id: '111111111111'
    rootKey: { accessKeyId: declared, secretAccessKey: ${declaredSecret} }
`,
});
const { sign, sendWire } = signedRequests(daemon);

test('keys made and declared, sessions, signatures, presigned links, keys of SSE-C, keys and texts of KMS → none is in any log', async () => {
  const secrets = new Set<string>([rootKey.secretAccessKey, declaredSecret]);
  const options = { endpoint: daemon().endpoint, region, credentials: rootKey, maxAttempts: 1 };
  const iam = new IAMClient(options);
  await iam.send(new CreateUserCommand({ UserName: 'ann' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
  const userKey = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  secrets.add(userKey.secretAccessKey);
  const { stdout } = await runNinefoldFor(daemon(), ['user', 'create', 'bob', '--json']);
  for (const [word] of stdout.matchAll(/[A-Za-z0-9/+]{40}/g)) secrets.add(word);
  const stranger = new STSClient({ ...options, credentials: userKey });
  const { Credentials } = await stranger.send(new GetSessionTokenCommand({}));
  secrets.add(Credentials?.SecretAccessKey ?? '').add(Credentials?.SessionToken ?? '');
  const key = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  const customerKey = Buffer.alloc(32, 'k').toString('base64');
  const customer = {
    'x-amz-server-side-encryption-customer-algorithm': 'AES256',
    'x-amz-server-side-encryption-customer-key': customerKey,
  };
  secrets.add(customerKey).add(Buffer.from(customerKey, 'base64').toString()).add(encodeURIComponent(customerKey));
  for (const secret of await useKms()) secrets.add(secret);
  const [bucket, logs] = [await daemon().newBucket(), await daemon().newBucket()];
  await logRequests(bucket, logs);
  const host = { host: `127.0.0.1:${daemon().port}` };
  const soon = { date: new Date(), expiresSeconds: 60 };
  const requests = [
    sign({ method: 'GET', path: '/', key }),
    sign({ method: 'GET', path: `/${bucket}/k`, headers: customer }),
    sign({ method: 'PUT', path: `/${bucket}/k`, headers: { ...customer, 'x-amz-copy-source': `/${bucket}/j` } }),
    sign({ method: 'GET', path: `/${bucket}/k`, query: Object.entries(customer) }),
    presign({ method: 'GET', path: `/${bucket}/k`, headers: host, query: Object.entries(customer) }, key, soon),
    ...['x-amz-server-side-encryption-customer-key', 'x-amz-copy-source-server-side%2Dencryption-customer-key'].map(
      (name) => ({ ...sign({ method: 'GET', path: `/${bucket}/raw` }), rawQuery: `${name}=${customerKey}` }),
    ),
    sign({ method: 'GET', path: '/', key: { ...key, secretAccessKey: 'a-wrong-secret' } }),
    sign({ method: 'GET', path: '/', key: { ...key, sessionToken: `${key.sessionToken}=` } }),
    sign({ method: 'GET', path: '/-/status', key }),
    presign({ method: 'GET', path: `/${bucket}/k`, headers: host }, key, soon),
    presign({ method: 'GET', path: '/-/status', headers: host }, key, soon),
    presign({ method: 'GET', path: `/${bucket}/k`, headers: host }, key, { date: new Date(0), expiresSeconds: 60 }),
  ];
  for (const request of requests) {
    await sendWire(request);
    const signature = /Signature=([0-9a-f]{64})/.exec(`${request.headers['authorization']} ${request.rawQuery}`)?.[1];
    secrets.add(signature ?? '');
  }
  expect([...secrets].filter((secret) => secret.length < 10)).toEqual([]);

  await eventually(() => expect(daemon().output).toContain('"path":"/-/status"'));
  const accessLog = await readAccessLog(logs);
  expect(accessLog.match(/customer-key=REDACTED/g)).toHaveLength(4);
  const written = [daemon().output, accessLog, ...(await readTexts(daemon().dataDirectory))];
  const told = [...secrets].filter((secret) => written.some((text) => text.includes(secret)));
  expect(told).toEqual([]);
});

/** Makes a key of KMS and has texts encrypted with it; returns what nobody but the client may have. */
async function useKms(): Promise<readonly string[]> {
  const ask = async (action: string, input: object): Promise<Record<string, string>> => {
    const headers = { 'x-amz-target': `TrentService.${action}`, 'content-type': 'application/x-amz-json-1.1' };
    const request = { method: 'POST', path: '/', service: 'kms', headers, body: JSON.stringify(input) };
    return JSON.parse((await signedRequests(daemon).send(request)).body);
  };
  const { KeyMetadata } = (await ask('CreateKey', {})) as { KeyMetadata?: { KeyId: string } };
  const { KeyId = '' } = KeyMetadata ?? {};
  const text = Buffer.from('a text that is nobody else’s').toString('base64');
  const { CiphertextBlob = '' } = await ask('Encrypt', { KeyId, Plaintext: text });
  expect(await ask('Decrypt', { CiphertextBlob })).toMatchObject({ Plaintext: text });
  const { Plaintext: dataKey = '' } = await ask('GenerateDataKey', { KeyId, KeySpec: 'AES_256' });
  const { Plaintext: random = '' } = await ask('GenerateRandom', { NumberOfBytes: 32 });
  await ask('Encrypt', { KeyId: 'gone', Plaintext: text });
  await ask('NoSuchAction', { KeyId, Plaintext: text });
  return [text, dataKey, random];
}

async function logRequests(Bucket: string, TargetBucket: string): Promise<void> {
  const Statement = {
    ...{ Effect: 'Allow', Principal: { Service: 'logging.s3.amazonaws.com' }, Action: 's3:PutObject' },
    Resource: `arn:aws:s3:::${TargetBucket}/*`,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await daemon().client.send(new PutBucketPolicyCommand({ Bucket: TargetBucket, Policy }));
  const BucketLoggingStatus = { LoggingEnabled: { TargetBucket, TargetPrefix: '' } };
  await daemon().client.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus }));
}

async function readAccessLog(Bucket: string): Promise<string> {
  const { client } = daemon();
  await runNinefoldFor(daemon(), ['run', 'access-logs']);
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
  const texts = Contents.map(async ({ Key }) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    return (await Body?.transformToString()) ?? '';
  });
  return (await Promise.all(texts)).join('');
}

/** What the server has written as text beside its own keys and the test's configuration: logs of every kind. */
async function readTexts(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(
    (entry) => entry.isFile() && /audit|\.(log|jsonl?)$/.test(join(entry.parentPath, entry.name)),
  );
  const texts = files.filter(({ name }) => !/^(root|server)-key\.json$/.test(name));
  return Promise.all(texts.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')));
}
