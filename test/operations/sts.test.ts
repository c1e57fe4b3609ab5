/** STS by the SDK: who asks, sessions of roles and users, and web identities of an issuer that runs here. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetUserCommand,
  IAMClient,
  ListUsersCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  AssumeRoleWithWebIdentityCommand,
  type Credentials,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Daemon, region, rootKey, startDaemon } from '../support/daemon.ts';
import { refusalText } from '../support/refusals.ts';

const other = '222222222222';
const alice = { accessKeyId: 'alice', secretAccessKey: 'alices-secret' };
const otherRoot = { accessKeyId: 'other-root', secretAccessKey: 'others-secret' };
const bob = { accessKeyId: 'bob', secretAccessKey: 'bobs-secret' };
const aliceArn = 'arn:aws:iam::000000000000:user/alice';

const config = (issuer: string): string => `
httpIssuers: ['${issuer}']
accounts:
  - id: '000000000000'
    users:
      - name: alice
        policies: ['arn:aws:iam::aws:policy/AdministratorAccess']
        keys: [{ accessKeyId: ${alice.accessKeyId}, secretAccessKey: ${alice.secretAccessKey} }]
  - id: '${other}'
    displayName: other
    rootKey: { accessKeyId: ${otherRoot.accessKeyId}, secretAccessKey: ${otherRoot.secretAccessKey} }
    users:
      - name: bob
        inlinePolicies:
          assume: { Version: '2012-10-17', Statement: [{ Effect: Allow, Action: 'sts:*', Resource: '*' }] }
        keys: [{ accessKeyId: ${bob.accessKeyId}, secretAccessKey: ${bob.secretAccessKey} }]
`;

interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

let daemon: Daemon;
let issuer: Issuer;
let iam: IAMClient;

const clientOptions = (credentials: Key) => ({ endpoint: daemon.endpoint, region, credentials, maxAttempts: 1 });
const sts = (key: Key): STSClient => new STSClient(clientOptions(key));

/** An issuer of web identities: its discovery document, its keys, and tokens by them. */
class Issuer {
  readonly #server: Server;
  readonly #keys = new Map<string, KeyObject>();
  readonly #jwks: object[] = [];
  /** How often the keys were asked for. */
  asked = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      const isKeys = request.url?.endsWith('/keys') === true;
      if (isKeys) this.asked += 1;
      response.end(JSON.stringify(isKeys ? { keys: this.#jwks } : { jwks_uri: `${this.url}/keys` }));
    });
    this.addKey('first');
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/realms/test`;
  }

  addKey(kid: string): void {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    this.#keys.set(kid, privateKey);
    this.#jwks.push({ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' });
  }

  token(claims: object, { kid = 'first', alg = 'ES256' } = {}): string {
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const exp = Math.floor(Date.now() / 1000) + 600;
    const text = `${encode({ alg, kid })}.${encode({ iss: this.url, aud: 'app', sub: 'somebody', exp, ...claims })}`;
    const key = this.#keys.get(kid);
    if (key === undefined) throw new Error(`no key ${kid}`);
    return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }

  close(): void {
    this.#server.close();
  }
}

beforeAll(async () => {
  issuer = new Issuer();
  await issuer.listen();
  daemon = await startDaemon({ isHosted: true, config: config(issuer.url) });
  iam = new IAMClient(clientOptions(rootKey));
});
afterAll(async () => {
  issuer.close();
  await daemon.stop();
});

const statement = (more: object): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', ...more }] });

/** A role that these may assume, and that may look at users. */
async function newRole(RoleName: string, trust: string, MaxSessionDuration = 3600): Promise<string> {
  const made = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust, MaxSessionDuration, Path: '/r/' }),
  );
  const PolicyDocument = statement({ Action: ['iam:ListUsers', 'iam:GetUser'], Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'P', PolicyDocument }));
  return made.Role?.Arn ?? '';
}

function keyOf(credentials: Credentials | undefined): Key {
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = credentials ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

async function assume(key: Key, input: Omit<AssumeRoleCommandInput, 'RoleSessionName'>): Promise<Key> {
  const answer = await sts(key).send(new AssumeRoleCommand({ RoleSessionName: 'me', ...input }));
  return keyOf(answer.Credentials);
}

const mayList = async (key: Key): Promise<boolean> =>
  (await refusalText(new IAMClient(clientOptions(key)).send(new ListUsersCommand({})))) === 'none';

describe('GetCallerIdentity', () => {
  test('of root and user → account, id and ARN', async () => {
    const root = await sts(rootKey).send(new GetCallerIdentityCommand({}));
    expect(root).toMatchObject({
      Account: '000000000000',
      UserId: '000000000000',
      Arn: 'arn:aws:iam::000000000000:root',
    });
    const user = await sts(bob).send(new GetCallerIdentityCommand({}));
    expect(user).toMatchObject({ Account: other, Arn: `arn:aws:iam::${other}:user/bob` });
    expect(user.UserId).toMatch(/^AIDA/);
  });

  test('without a signature → MissingAuthenticationToken', async () => {
    const answer = await fetch(daemon.endpoint, {
      method: 'POST',
      body: new URLSearchParams({ Action: 'GetCallerIdentity', Version: '2011-06-15' }),
    });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('<Code>MissingAuthenticationToken</Code>');
  });
});

describe('AssumeRole', () => {
  test('by a user of the account → a session with the role’s rights, over a restart too, until the role is gone', async () => {
    const RoleArn = await newRole('Own', statement({ Principal: { AWS: aliceArn } }));
    const key = await assume(alice, { RoleArn });
    expect(key.accessKeyId).toMatch(/^ASIA/);
    const identity = await sts(key).send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toBe('arn:aws:sts::000000000000:assumed-role/Own/me');
    expect(identity.UserId).toMatch(/^AROA[A-Z2-7]{17}:me$/);
    expect(await mayList(key)).toBe(true);
    await daemon.restart();
    expect(await mayList(key)).toBe(true);
    await iam.send(
      new PutRolePolicyCommand({ RoleName: 'Own', PolicyName: 'P', PolicyDocument: statement({ Resource: '*' }) }),
    );
    expect(await mayList(key)).toBe(false);
    await iam.send(
      new UpdateAssumeRolePolicyCommand({ RoleName: 'Own', PolicyDocument: statement({ Principal: '*' }) }),
    );
    await iam.send(new DeleteRolePolicyCommand({ RoleName: 'Own', PolicyName: 'P' }));
    await iam.send(new DeleteRoleCommand({ RoleName: 'Own' }));
    expect(await refusalText(sts(key).send(new GetCallerIdentityCommand({})))).toContain('InvalidClientTokenId');
  });

  test('a role that trusts a user who is not there → MalformedPolicyDocument', async () => {
    const PolicyDocument = statement({ Principal: { AWS: 'arn:aws:iam::000000000000:user/nobody' } });
    const refused = { name: 'MalformedPolicyDocumentException', message: expect.stringContaining('Invalid principal') };
    await expect(newRole('Trusting', PolicyDocument)).rejects.toMatchObject(refused);
    await newRole('Trusting', statement({ Principal: { AWS: aliceArn } }));
    const update = iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'Trusting', PolicyDocument }));
    await expect(update).rejects.toMatchObject(refused);
  });

  test('of another account → both sides must allow it', async () => {
    const RoleArn = await newRole('Cross', statement({ Principal: { AWS: other } }));
    expect(await mayList(await assume(bob, { RoleArn }))).toBe(true);
    await iam.send(
      new UpdateAssumeRolePolicyCommand({
        RoleName: 'Cross',
        PolicyDocument: statement({ Principal: { AWS: aliceArn } }),
      }),
    );
    expect(await refusalText(assume(bob, { RoleArn }))).toContain('AccessDenied: User: ');
  });

  test('a role that is not there, or named without its path → AccessDenied as for one that does not trust', async () => {
    await newRole('Path', statement({ Principal: { AWS: aliceArn } }));
    for (const name of ['Path', 'r/Nothing']) {
      const RoleArn = `arn:aws:iam::000000000000:role/${name}`;
      expect(await refusalText(assume(alice, { RoleArn }))).toContain('AccessDenied: User: ');
    }
    expect(await refusalText(assume(rootKey, { RoleArn: 'arn:aws:iam::000000000000:role/r/Path' }))).toBe(
      'AccessDenied: Roles may not be assumed by root accounts.',
    );
  });

  test('with a condition on the external id → only with that', async () => {
    const Condition = { StringEquals: { 'sts:ExternalId': 'secret' } };
    const RoleArn = await newRole('External', statement({ Principal: { AWS: aliceArn }, Condition }));
    expect(await refusalText(assume(alice, { RoleArn }))).toContain('AccessDenied');
    expect(await refusalText(assume(alice, { RoleArn, ExternalId: 'other' }))).toContain('AccessDenied');
    expect(await mayList(await assume(alice, { RoleArn, ExternalId: 'secret' }))).toBe(true);
  });

  test('a session policy → what both allow', async () => {
    const RoleArn = await newRole('Narrow', statement({ Principal: { AWS: aliceArn } }));
    const Policy = statement({ Action: 'iam:GetUser', Resource: '*' });
    const key = await assume(alice, { RoleArn, Policy });
    expect(await mayList(key)).toBe(false);
    const own = new IAMClient(clientOptions(key));
    expect(await refusalText(own.send(new GetUserCommand({ UserName: 'alice' })))).toBe('none');
    const PolicyArns = [{ arn: 'arn:aws:iam::aws:policy/AmazonS3FullAccess' }];
    expect(await mayList(await assume(alice, { RoleArn, PolicyArns }))).toBe(false);
    expect(await refusalText(assume(alice, { RoleArn, Policy: '{}' }))).toContain('MalformedPolicyDocument');
  });

  test('durations → from 900 seconds to what the role allows; a chain of roles one hour', async () => {
    const RoleArn = await newRole('Long', statement({ Principal: { AWS: '000000000000' } }), 7200);
    expect(await refusalText(assume(alice, { RoleArn, DurationSeconds: 899 }))).toContain('ValidationError');
    expect(await refusalText(assume(alice, { RoleArn, DurationSeconds: 7201 }))).toContain(
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
    const answer = await sts(alice).send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'me', DurationSeconds: 7200 }),
    );
    const left = (answer.Credentials?.Expiration?.getTime() ?? 0) - Date.now();
    expect(left).toBeGreaterThan(7_100_000);
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: 'Long',
        PolicyName: 'chain',
        PolicyDocument: statement({ Resource: '*' }),
      }),
    );
    const chained = keyOf(answer.Credentials);
    expect(await refusalText(assume(chained, { RoleArn, DurationSeconds: 3601 }))).toContain('role chaining');
    expect(await refusalText(assume(chained, { RoleArn }))).toBe('none');
  });

  test('tags → need sts:TagSession in the trust, and count as the session’s', async () => {
    const trusting = (Action: string | string[]) => statement({ Action, Principal: { AWS: aliceArn } });
    const RoleArn = await newRole('Tagged', trusting('sts:AssumeRole'));
    const Tags = [{ Key: 'team', Value: 'a' }];
    expect(await refusalText(assume(alice, { RoleArn, Tags }))).toContain('sts:TagSession');
    const PolicyDocument = trusting(['sts:AssumeRole', 'sts:TagSession']);
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'Tagged', PolicyDocument }));
    const Condition = { StringEquals: { 'aws:PrincipalTag/Team': 'a' } };
    const document = statement({ Action: 'iam:ListUsers', Resource: '*', Condition });
    await iam.send(new PutRolePolicyCommand({ RoleName: 'Tagged', PolicyName: 'P', PolicyDocument: document }));
    expect(await mayList(await assume(alice, { RoleArn, Tags }))).toBe(true);
    expect(await mayList(await assume(alice, { RoleArn }))).toBe(false);
  });
});

describe('a session’s key', () => {
  test('without its token, or with that of another → refused by S3 and STS', async () => {
    const RoleArn = await newRole('Token', statement({ Principal: { AWS: aliceArn } }));
    const [first, second] = [await assume(alice, { RoleArn }), await assume(alice, { RoleArn })];
    const s3 = (key: Key) => new S3Client({ ...clientOptions(key), forcePathStyle: true });
    const { accessKeyId, secretAccessKey } = first;
    const mixed = { accessKeyId, secretAccessKey, sessionToken: second.sessionToken ?? '' };
    expect(await refusalText(s3({ accessKeyId, secretAccessKey }).send(new ListBucketsCommand({})))).toContain(
      'InvalidAccessKeyId',
    );
    expect(await refusalText(s3(mixed).send(new ListBucketsCommand({})))).toContain('InvalidToken');
    expect(
      await refusalText(s3({ ...alice, sessionToken: second.sessionToken ?? '' }).send(new ListBucketsCommand({}))),
    ).toContain('InvalidToken');
    expect(await refusalText(sts(mixed).send(new GetCallerIdentityCommand({})))).toContain('InvalidClientTokenId');
  });
});

describe('GetSessionToken and GetFederationToken', () => {
  test('of a user → the user itself, but not in IAM', async () => {
    const { Credentials } = await sts(alice).send(new GetSessionTokenCommand({}));
    const key = keyOf(Credentials);
    expect((await sts(key).send(new GetCallerIdentityCommand({}))).Arn).toBe(aliceArn);
    expect(await mayList(key)).toBe(false);
    expect(await refusalText(sts(key).send(new GetSessionTokenCommand({})))).toBe(
      'AccessDenied: Cannot call GetSessionToken with session credentials',
    );
  });

  test('a federated user → named by the request, of the caller’s account', async () => {
    const Policy = statement({ Action: 's3:*', Resource: '*' });
    const answer = await sts(alice).send(new GetFederationTokenCommand({ Name: 'guest', Policy }));
    expect(answer.FederatedUser?.Arn).toBe('arn:aws:sts::000000000000:federated-user/guest');
    const identity = await sts(keyOf(answer.Credentials)).send(new GetCallerIdentityCommand({}));
    expect(identity).toMatchObject({ Arn: answer.FederatedUser?.Arn, UserId: '000000000000:guest' });
  });
});

describe('AssumeRoleWithWebIdentity', () => {
  let RoleArn: string;
  const provider = (): string => issuer.url.replace('http://', '');

  beforeAll(async () => {
    await iam.send(new CreateOpenIDConnectProviderCommand({ Url: issuer.url, ClientIDList: ['app'] }));
    const Federated = `arn:aws:iam::000000000000:oidc-provider/${provider()}`;
    const Condition = { StringEquals: { [`${provider()}:sub`]: 'somebody' } };
    const Action = 'sts:AssumeRoleWithWebIdentity';
    RoleArn = await newRole('Web', statement({ Action, Principal: { Federated }, Condition }));
  });

  async function assumeBy(WebIdentityToken: string) {
    // Whoever bears a token has no keys.
    const client = new STSClient({ endpoint: daemon.endpoint, region, maxAttempts: 1, credentials: alice });
    return await client.send(
      new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'web', WebIdentityToken }),
    );
  }

  test('a token of the issuer → a session of the role', async () => {
    const answer = await assumeBy(issuer.token({}));
    expect(answer).toMatchObject({ SubjectFromWebIdentityToken: 'somebody', Audience: 'app' });
    expect(answer.AssumedRoleUser?.Arn).toBe('arn:aws:sts::000000000000:assumed-role/Web/web');
    expect(await mayList(keyOf(answer.Credentials))).toBe(true);
  });

  test('again → the keys are not fetched again', async () => {
    await assumeBy(issuer.token({}));
    const { asked } = issuer;
    await assumeBy(issuer.token({}));
    expect(issuer.asked).toBe(asked);
  });

  test.for<readonly [string, () => string, string]>([
    ['another subject', () => issuer.token({ sub: 'else' }), 'AccessDenied'],
    [
      'another audience',
      () => issuer.token({ aud: 'else' }),
      'InvalidIdentityTokenException: Incorrect token audience',
    ],
    ['an expired token', () => issuer.token({ exp: 1 }), 'ExpiredToken'],
    [
      'an issuer nobody knows',
      () => issuer.token({ iss: 'https://elsewhere.example' }),
      'No OpenIDConnect provider found',
    ],
    ['no algorithm', () => issuer.token({}, { alg: 'none' }), 'InvalidIdentityToken'],
    ['an algorithm of secrets', () => issuer.token({}, { alg: 'HS256' }), 'InvalidIdentityToken'],
    [
      'changed claims',
      () => issuer.token({}).replace(/\.[^.]+\./, `.${Buffer.from('{}').toString('base64url')}.`),
      'Invalid',
    ],
    ['no token', () => 'abcdefgh', 'InvalidIdentityToken'],
  ])('%s → refused', async ([, token, expected]) => {
    expect(await refusalText(assumeBy(token()))).toContain(expected);
  });
});
