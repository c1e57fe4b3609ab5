/** Whatever is asked of the server, at the most talkative level: no secret, signature or token gets into its log. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
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

test('keys made and declared, sessions, signatures, presigned links, keys of SSE-C → none is in the log', async () => {
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
  secrets.add(customerKey);
  const bucket = await daemon().newBucket();
  const host = { host: `127.0.0.1:${daemon().port}` };
  const requests = [
    sign({ method: 'GET', path: '/', key }),
    sign({ method: 'GET', path: `/${bucket}/k`, headers: customer }),
    sign({ method: 'GET', path: '/', key: { ...key, secretAccessKey: 'a-wrong-secret' } }),
    sign({ method: 'GET', path: '/', key: { ...key, sessionToken: `${key.sessionToken}=` } }),
    sign({ method: 'GET', path: '/-/status', key }),
    presign({ method: 'GET', path: `/${bucket}/k`, headers: host }, key, { date: new Date(), expiresSeconds: 60 }),
    presign({ method: 'GET', path: '/-/status', headers: host }, key, { date: new Date(), expiresSeconds: 60 }),
    presign({ method: 'GET', path: `/${bucket}/k`, headers: host }, key, { date: new Date(0), expiresSeconds: 60 }),
  ];
  for (const request of requests) {
    await sendWire(request);
    const signature = /Signature=([0-9a-f]{64})/.exec(`${request.headers['authorization']} ${request.rawQuery}`)?.[1];
    secrets.add(signature ?? '');
  }
  expect([...secrets].filter((secret) => secret.length < 10)).toEqual([]);

  await eventually(() => expect(daemon().output).toContain('"path":"/-/status"'));
  const written = [daemon().output, ...(await readTexts(daemon().dataDirectory))];
  const told = [...secrets].filter((secret) => written.some((text) => text.includes(secret)));
  expect(told).toEqual([]);
});

/** What the server has written as text beside its own keys and the test's configuration: logs of every kind. */
async function readTexts(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(
    (entry) => entry.isFile() && /audit|\.(log|jsonl?)$/.test(join(entry.parentPath, entry.name)),
  );
  const texts = files.filter(({ name }) => !/^(root|server)-key\.json$/.test(name));
  return Promise.all(texts.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')));
}
