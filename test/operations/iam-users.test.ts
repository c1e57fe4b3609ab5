/** The IAM API by the SDK: users, their keys, and what these may do. */
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  type CreateUserCommandInput,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  GetAccessKeyLastUsedCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUsersCommand,
  UpdateAccessKeyCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { region, rootKey } from '../support/daemon.ts';
import { refusalText } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
let iam: IAMClient;

interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const clientOptions = (credentials: Key) => ({
  endpoint: daemon().endpoint,
  region,
  credentials,
  maxAttempts: 1,
});

beforeAll(() => {
  iam = new IAMClient(clientOptions(rootKey));
});

async function newKey(UserName: string): Promise<Key> {
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

async function listNames(query: { PathPrefix?: string; MaxItems?: number }): Promise<readonly string[]> {
  const names: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await iam.send(new ListUsersCommand({ ...query, Marker }));
    names.push(...(page.Users ?? []).map(({ UserName }) => UserName ?? ''));
    expect(page.IsTruncated).toBe(page.Marker !== undefined);
    Marker = page.Marker;
  } while (Marker !== undefined);
  return names;
}

describe('users', () => {
  test('made → found with its path, boundary and tags, by its name in any case', async () => {
    const made = await iam.send(
      new CreateUserCommand({
        UserName: 'Alice',
        Path: '/team/',
        PermissionsBoundary: 'arn:aws:iam::aws:policy/ReadOnlyAccess',
        Tags: [{ Key: 'a', Value: 'ü' }],
      }),
    );
    expect(made.User).toMatchObject({
      UserName: 'Alice',
      Path: '/team/',
      Arn: 'arn:aws:iam::000000000000:user/team/Alice',
      Tags: [{ Key: 'a', Value: 'ü' }],
      PermissionsBoundary: { PermissionsBoundaryArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' },
    });
    expect(made.User?.UserId).toMatch(/^AIDA[A-Z2-7]{17}$/);
    const found = await iam.send(new GetUserCommand({ UserName: 'aLICE' }));
    expect(found.User).toEqual(made.User);
    expect(await refusalText(iam.send(new CreateUserCommand({ UserName: 'ALICE' })))).toBe(
      'EntityAlreadyExistsException: User with name ALICE already exists.',
    );
  });

  test('without a name, by the root → the root', async () => {
    const { User } = await iam.send(new GetUserCommand({}));
    expect(User).toMatchObject({ Arn: 'arn:aws:iam::000000000000:root', UserId: '000000000000' });
  });

  test.for<readonly [CreateUserCommandInput, string]>([
    [{ UserName: 'a b' }, 'ValidationError'],
    [{ UserName: 'a'.repeat(65) }, 'ValidationError'],
    [{ UserName: 'ok', Path: 'team/' }, 'ValidationError'],
    [{ UserName: 'ok', PermissionsBoundary: 'arn:aws:iam::aws:policy/Nothing' }, 'NoSuchEntityException'],
    [{ UserName: 'ok', Tags: [{ Key: 'aws:x', Value: '' }] }, 'InvalidInputException'],
    [
      {
        UserName: 'ok',
        Tags: [
          { Key: 'x', Value: '' },
          { Key: 'X', Value: '' },
        ],
      },
      'InvalidInputException',
    ],
  ])('%j → %s, and no user', async ([input, code]) => {
    expect(await refusalText(iam.send(new CreateUserCommand(input)))).toContain(`${code}: `);
    expect(await refusalText(iam.send(new GetUserCommand({ UserName: 'ok' })))).toContain('NoSuchEntityException');
  });

  test('listed page by page → in order of name without regard to case, below a path', async () => {
    const paths = { Zoe: '/list/a/', bob: '/list/', Ann: '/list/a/b/', carl: '/other/' };
    for (const [UserName, Path] of Object.entries(paths)) await iam.send(new CreateUserCommand({ UserName, Path }));
    expect(await listNames({ PathPrefix: '/list/' })).toEqual(['Ann', 'bob', 'Zoe']);
    expect(await listNames({ PathPrefix: '/list/', MaxItems: 1 })).toEqual(['Ann', 'bob', 'Zoe']);
    expect(await listNames({ PathPrefix: '/list/a', MaxItems: 2 })).toEqual(['Ann', 'Zoe']);
    expect(await refusalText(listNames({ MaxItems: 0 }))).toContain('ValidationError: 1 validation error detected');
  });

  test('renamed → its id, keys and groups go with it', async () => {
    const made = await iam.send(new CreateUserCommand({ UserName: 'old' }));
    const key = await newKey('old');
    await iam.send(new UpdateUserCommand({ UserName: 'old', NewUserName: 'new', NewPath: '/p/' }));
    const found = await iam.send(new GetUserCommand({ UserName: 'new' }));
    expect(found.User).toMatchObject({ UserId: made.User?.UserId, Arn: 'arn:aws:iam::000000000000:user/p/new' });
    const { AccessKeyMetadata } = await iam.send(new ListAccessKeysCommand({ UserName: 'new' }));
    expect(AccessKeyMetadata?.map(({ AccessKeyId }) => AccessKeyId)).toEqual([key.accessKeyId]);
    expect(await refusalText(iam.send(new UpdateUserCommand({ UserName: 'new', NewUserName: 'alice' })))).toContain(
      'EntityAlreadyExistsException',
    );
  });

  test('with a key → not deleted; without → gone', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'gone' }));
    const { accessKeyId: AccessKeyId } = await newKey('gone');
    const remove = () => iam.send(new DeleteUserCommand({ UserName: 'gone' }));
    expect(await refusalText(remove())).toBe(
      'DeleteConflictException: Cannot delete entity, must delete access keys first.',
    );
    await iam.send(new DeleteAccessKeyCommand({ UserName: 'gone', AccessKeyId }));
    await remove();
    expect(await refusalText(remove())).toBe('NoSuchEntityException: The user with name gone cannot be found.');
  });
});

describe('access keys', () => {
  test('a third one → LimitExceeded', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'keys' }));
    const keys = [await newKey('keys'), await newKey('keys')];
    expect(keys[0]?.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(keys[0]?.secretAccessKey).toHaveLength(40);
    expect(await refusalText(newKey('keys'))).toBe(
      'LimitExceededException: Cannot exceed quota for AccessKeysPerUser: 2',
    );
  });

  test('of a user without policies → known, and refused in S3 and IAM', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'powerless' }));
    const key = await newKey('powerless');
    const s3 = new S3Client({ ...clientOptions(key), forcePathStyle: true });
    expect(await refusalText(s3.send(new ListBucketsCommand({})))).toContain('AccessDenied');
    const own = new IAMClient(clientOptions(key));
    expect(await refusalText(own.send(new GetUserCommand({})))).toContain(
      'is not authorized to perform: iam:GetUser on resource: ',
    );
    s3.destroy();
  });

  test('inactive → as if it were not there; active again → known', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'sleeper' }));
    const key = await newKey('sleeper');
    const own = new IAMClient(clientOptions(key));
    const ask = () => refusalText(own.send(new GetUserCommand({})));
    const set = async (Status: 'Active' | 'Inactive') => {
      await iam.send(new UpdateAccessKeyCommand({ UserName: 'sleeper', AccessKeyId: key.accessKeyId, Status }));
    };
    await set('Inactive');
    expect(await ask()).toBe('InvalidClientTokenId: The security token included in the request is invalid.');
    await set('Active');
    expect(await ask()).toContain('AccessDenied');
  });

  test('used → GetAccessKeyLastUsed tells service and region', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'used' }));
    const key = await newKey('used');
    const lastUsed = async () =>
      (await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: key.accessKeyId }))).AccessKeyLastUsed;
    expect(await lastUsed()).toEqual({ ServiceName: 'N/A', Region: 'N/A' });
    await refusalText(new IAMClient(clientOptions(key)).send(new GetUserCommand({})));
    expect(await lastUsed()).toMatchObject({ ServiceName: 'iam', Region: 'us-east-1' });
    const s3 = new S3Client({ ...clientOptions(key), forcePathStyle: true });
    await refusalText(s3.send(new ListBucketsCommand({})));
    expect(await lastUsed()).toMatchObject({ ServiceName: 's3', Region: 'us-east-1' });
    s3.destroy();
  });

  test('of the root, made without a name → may do what the root may, until it is deleted', async () => {
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({}));
    const key = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
    const second = new IAMClient(clientOptions(key));
    expect((await second.send(new GetUserCommand({}))).User?.Arn).toBe('arn:aws:iam::000000000000:root');
    await iam.send(new DeleteAccessKeyCommand({ AccessKeyId: key.accessKeyId }));
    expect(await refusalText(second.send(new GetUserCommand({})))).toContain('InvalidClientTokenId');
  });

  test('a wrong secret → SignatureDoesNotMatch', async () => {
    const wrong = new IAMClient(clientOptions({ ...rootKey, secretAccessKey: 'wrong' }));
    expect(await refusalText(wrong.send(new GetUserCommand({})))).toContain('SignatureDoesNotMatch');
  });
});

test('a restart → users and keys are as they were', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'lasting' }));
  const key = await newKey('lasting');
  await daemon().restart();
  expect(await refusalText(new IAMClient(clientOptions(key)).send(new GetUserCommand({})))).toContain(
    'arn:aws:iam::000000000000:user/lasting is not authorized',
  );
});
