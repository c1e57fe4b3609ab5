/** The IAM API by the SDK: groups, roles, managed and inline policies, and what a user may do by them. */
import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteGroupCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  DetachGroupPolicyCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  GetAccountSummaryCommand,
  GetGroupCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetUserPolicyCommand,
  IAMClient,
  ListAttachedUserPoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListGroupsForUserCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolesCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  PutGroupPolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  RemoveUserFromGroupCommand,
  SetDefaultPolicyVersionCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateGroupCommand,
  UpdateRoleCommand,
} from '@aws-sdk/client-iam';
import { beforeAll, describe, expect, test } from 'vitest';
import { region, rootKey } from '../support/daemon.ts';
import { refusalText } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const account = '000000000000';
const daemon = useDaemon();
let iam: IAMClient;

const clientOptions = (credentials: { accessKeyId: string; secretAccessKey: string }) => ({
  endpoint: daemon().endpoint,
  region,
  credentials,
  maxAttempts: 1,
});

beforeAll(() => {
  iam = new IAMClient(clientOptions(rootKey));
});

const allow = (Action: string | readonly string[], Resource = '*'): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] });
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: account }, Action: 'sts:AssumeRole' }],
});

/** A user, and a client that signs with its key. */
async function newUser(UserName: string): Promise<IAMClient> {
  await iam.send(new CreateUserCommand({ UserName }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  return new IAMClient(clientOptions({ accessKeyId, secretAccessKey }));
}

const mayList = async (client: IAMClient): Promise<boolean> =>
  (await refusalText(client.send(new ListUsersCommand({})))) === 'none';

describe('inline policies', () => {
  test('put, read, listed, deleted → each sees the last, the document as it was sent', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'inline' }));
    const document = allow('s3:*', "arn:aws:s3:::b/*'()!");
    const named = { UserName: 'inline', PolicyName: 'P' };
    await iam.send(new PutUserPolicyCommand({ ...named, PolicyDocument: allow('iam:*') }));
    await iam.send(new PutUserPolicyCommand({ ...named, PolicyName: 'p', PolicyDocument: document }));
    const found = await iam.send(new GetUserPolicyCommand(named));
    expect(decodeURIComponent(found.PolicyDocument ?? '')).toBe(document);
    expect(found.PolicyDocument).toMatch(/^[\w%.~-]+$/);
    const list = await iam.send(new ListUserPoliciesCommand({ UserName: 'inline' }));
    expect(list.PolicyNames).toEqual(['p']);
    expect(await refusalText(iam.send(new DeleteUserCommand({ UserName: 'inline' })))).toBe(
      'DeleteConflictException: Cannot delete entity, must delete policies first.',
    );
    await iam.send(new DeleteUserPolicyCommand(named));
    expect(await refusalText(iam.send(new GetUserPolicyCommand(named)))).toBe(
      'NoSuchEntityException: The user policy with name P cannot be found.',
    );
  });

  test.for([
    ['no JSON', 'MalformedPolicyDocumentException'],
    [JSON.stringify({ Version: '2010-10-17', Statement: [] }), 'MalformedPolicyDocumentException'],
    [trust, 'MalformedPolicyDocumentException: Policy document should not specify a principal.'],
    [allow(Array.from({ length: 300 }, (_, i) => `s3:Get${i}`)), 'LimitExceededException: Maximum policy size of 2048'],
  ] as const)('%s → %s', async ([PolicyDocument, expected]) => {
    await refusalText(iam.send(new CreateUserCommand({ UserName: 'bad' })));
    const put = new PutUserPolicyCommand({ UserName: 'bad', PolicyName: 'P', PolicyDocument });
    expect(await refusalText(iam.send(put))).toContain(expected);
  });
});

describe('managed policies', () => {
  test('versions → up to five, one of them the default, numbers never used twice', async () => {
    const { Policy } = await iam.send(
      new CreatePolicyCommand({ PolicyName: 'V', Path: '/p/', PolicyDocument: allow('s3:A'), Description: 'd' }),
    );
    const PolicyArn = Policy?.Arn ?? '';
    expect(Policy).toMatchObject({ Arn: `arn:aws:iam::${account}:policy/p/V`, DefaultVersionId: 'v1' });
    const add = (letter: string, SetAsDefault: boolean) =>
      iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allow(`s3:${letter}`), SetAsDefault }));
    await add('B', true);
    for (const letter of ['C', 'D', 'E']) await add(letter, false);
    expect(await refusalText(add('F', false))).toContain('LimitExceededException: A managed policy can have up to 5');
    await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v5' }));
    expect(await refusalText(iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v2' })))).toBe(
      'DeleteConflictException: Cannot delete the default version of a policy.',
    );
    const made = await add('G', false);
    expect(made.PolicyVersion).toMatchObject({ VersionId: 'v6', IsDefaultVersion: false });
    const list = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    expect(list.Versions?.map(({ VersionId }) => VersionId)).toEqual(['v6', 'v4', 'v3', 'v2', 'v1']);
    await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v3' }));
    const third = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v3' }));
    expect(third.PolicyVersion?.IsDefaultVersion).toBe(true);
    expect(decodeURIComponent(third.PolicyVersion?.Document ?? '')).toBe(allow('s3:C'));
    expect(await refusalText(iam.send(new DeletePolicyCommand({ PolicyArn })))).toContain('DeleteConflictException');
    for (const VersionId of ['v6', 'v4', 'v2', 'v1']) {
      await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    }
    await iam.send(new DeletePolicyCommand({ PolicyArn }));
    expect(await refusalText(iam.send(new GetPolicyCommand({ PolicyArn })))).toContain('NoSuchEntityException');
  });

  test('attached → counted, listed, and not deleted', async () => {
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: 'A', PolicyDocument: allow('s3:*') }));
    const PolicyArn = Policy?.Arn ?? '';
    await iam.send(new CreateUserCommand({ UserName: 'holder' }));
    const attach = { UserName: 'holder', PolicyArn };
    await iam.send(new AttachUserPolicyCommand(attach));
    await iam.send(new AttachUserPolicyCommand(attach));
    expect((await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy?.AttachmentCount).toBe(1);
    const entities = await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }));
    expect(entities.PolicyUsers?.map(({ UserName }) => UserName)).toEqual(['holder']);
    const attached = await iam.send(new ListAttachedUserPoliciesCommand({ UserName: 'holder' }));
    expect(attached.AttachedPolicies).toEqual([{ PolicyName: 'A', PolicyArn }]);
    expect(await refusalText(iam.send(new DeletePolicyCommand({ PolicyArn })))).toBe(
      'DeleteConflictException: Cannot delete a policy attached to entities.',
    );
    await iam.send(new DetachUserPolicyCommand(attach));
    expect(await refusalText(iam.send(new DetachUserPolicyCommand(attach)))).toContain('NoSuchEntityException');
    await iam.send(new DeletePolicyCommand({ PolicyArn }));
  });

  test("AWS's own → listed by scope, read, and not changed", async () => {
    const listed = await iam.send(new ListPoliciesCommand({ Scope: 'AWS', MaxItems: 3 }));
    expect(listed.Policies?.map(({ PolicyName }) => PolicyName)).toEqual([
      'AdministratorAccess',
      'AmazonS3FullAccess',
      'AmazonS3ReadOnlyAccess',
    ]);
    const PolicyArn = 'arn:aws:iam::aws:policy/AmazonS3FullAccess';
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v2' }));
    expect(JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? '')).Statement[0].Action).toContain('s3:*');
    expect(await refusalText(iam.send(new DeletePolicyCommand({ PolicyArn })))).toContain('AccessDenied');
    expect(
      await refusalText(iam.send(new AttachUserPolicyCommand({ UserName: 'x', PolicyArn: `${PolicyArn}2` }))),
    ).toContain('NoSuchEntityException');
  });
});

describe('groups', () => {
  test('renamed with a member → the member stays, and is listed', async () => {
    await iam.send(new CreateGroupCommand({ GroupName: 'G', Path: '/g/' }));
    await iam.send(new CreateUserCommand({ UserName: 'member' }));
    await iam.send(new AddUserToGroupCommand({ GroupName: 'g', UserName: 'MEMBER' }));
    await iam.send(new UpdateGroupCommand({ GroupName: 'G', NewGroupName: 'H' }));
    const { Group, Users } = await iam.send(new GetGroupCommand({ GroupName: 'h' }));
    expect(Group).toMatchObject({ GroupName: 'H', Arn: `arn:aws:iam::${account}:group/g/H` });
    expect(Users?.map(({ UserName }) => UserName)).toEqual(['member']);
    const { Groups } = await iam.send(new ListGroupsForUserCommand({ UserName: 'member' }));
    expect(Groups?.map(({ GroupName }) => GroupName)).toEqual(['H']);
    expect(await refusalText(iam.send(new DeleteGroupCommand({ GroupName: 'H' })))).toContain(
      'must remove users from group first.',
    );
    expect(await refusalText(iam.send(new DeleteUserCommand({ UserName: 'member' })))).toContain(
      'must remove users from group first.',
    );
    await iam.send(new RemoveUserFromGroupCommand({ GroupName: 'H', UserName: 'member' }));
    await iam.send(new PutGroupPolicyCommand({ GroupName: 'H', PolicyName: 'P', PolicyDocument: allow('*') }));
    expect(await refusalText(iam.send(new DeleteGroupCommand({ GroupName: 'H' })))).toContain(
      'must delete policies first.',
    );
  });
});

describe('roles', () => {
  test('made, changed, tagged, deleted', async () => {
    const RoleName = 'R';
    const { Role } = await iam.send(
      new CreateRoleCommand({ RoleName, Path: '/r/', AssumeRolePolicyDocument: trust, Description: 'd' }),
    );
    expect(Role).toMatchObject({ Arn: `arn:aws:iam::${account}:role/r/R`, RoleName });
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toBe(trust);
    await iam.send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: 7200, Description: 'e' }));
    await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: 'a', Value: '1' }] }));
    await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: 'A', Value: '2' }] }));
    const found = await iam.send(new GetRoleCommand({ RoleName: 'r' }));
    expect(found.Role).toMatchObject({
      MaxSessionDuration: 7200,
      Description: 'e',
      Tags: [{ Key: 'A', Value: '2' }],
    });
    await iam.send(new UntagRoleCommand({ RoleName, TagKeys: ['a'] }));
    expect((await iam.send(new GetRoleCommand({ RoleName }))).Role?.Tags).toBeUndefined();
    expect((await iam.send(new ListRolesCommand({ PathPrefix: '/r/' }))).Roles).toHaveLength(1);
    const bad = { RoleName, PolicyDocument: allow('s3:*') };
    expect(await refusalText(iam.send(new UpdateAssumeRolePolicyCommand(bad)))).toContain('MalformedPolicyDocument');
    expect(await refusalText(iam.send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: 60 })))).toContain(
      'ValidationError',
    );
    const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    expect(await refusalText(iam.send(new DeleteRoleCommand({ RoleName })))).toContain(
      'must detach all policies first.',
    );
    await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    await iam.send(new DeleteRoleCommand({ RoleName }));
  });
});

describe('what a user may do in IAM', () => {
  const readOnly = 'arn:aws:iam::aws:policy/IAMReadOnlyAccess';

  test('by an attached policy, its own or its group’s → from the moment it is attached until it is not', async () => {
    const client = await newUser('reader');
    expect(await mayList(client)).toBe(false);
    await iam.send(new AttachUserPolicyCommand({ UserName: 'reader', PolicyArn: readOnly }));
    expect(await mayList(client)).toBe(true);
    expect(await refusalText(client.send(new CreateUserCommand({ UserName: 'x' })))).toContain('AccessDenied');
    await iam.send(new DetachUserPolicyCommand({ UserName: 'reader', PolicyArn: readOnly }));
    expect(await mayList(client)).toBe(false);
    await iam.send(new CreateGroupCommand({ GroupName: 'readers' }));
    await iam.send(new AttachGroupPolicyCommand({ GroupName: 'readers', PolicyArn: readOnly }));
    await iam.send(new AddUserToGroupCommand({ GroupName: 'readers', UserName: 'reader' }));
    expect(await mayList(client)).toBe(true);
    await iam.send(new DetachGroupPolicyCommand({ GroupName: 'readers', PolicyArn: readOnly }));
    expect(await mayList(client)).toBe(false);
  });

  test('by an inline policy on itself → itself and nobody else', async () => {
    const client = await newUser('self');
    const PolicyDocument = allow('iam:*', `arn:aws:iam::${account}:user/\${aws:username}`);
    await iam.send(new PutUserPolicyCommand({ UserName: 'self', PolicyName: 'P', PolicyDocument }));
    expect(await refusalText(client.send(new ListUserPoliciesCommand({ UserName: 'self' })))).toBe('none');
    expect(await refusalText(client.send(new ListUserPoliciesCommand({ UserName: 'reader' })))).toContain(
      'AccessDenied',
    );
  });

  test('a boundary that does not allow it → nothing, whatever else does', async () => {
    const client = await newUser('bound');
    const admin = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await iam.send(new AttachUserPolicyCommand({ UserName: 'bound', PolicyArn: admin }));
    expect(await mayList(client)).toBe(true);
    const PermissionsBoundary = 'arn:aws:iam::aws:policy/AmazonS3FullAccess';
    await iam.send(new PutUserPermissionsBoundaryCommand({ UserName: 'bound', PermissionsBoundary }));
    expect(await mayList(client)).toBe(false);
  });
});

test('the account in figures → counts what is there', async () => {
  const { SummaryMap } = await iam.send(new GetAccountSummaryCommand({}));
  const { Users } = await iam.send(new ListUsersCommand({}));
  expect(SummaryMap).toMatchObject({ Users: Users?.length, AccessKeysPerUserQuota: 2, GroupsQuota: 300 });
});

test.for([
  ['UploadServerCertificate', 501, 'NotImplemented'],
  ['NoSuchThing', 400, 'InvalidAction'],
] as const)('the action %s → %s %s', async ([action, status, code]) => {
  const other = new IAMClient(clientOptions(rootKey));
  other.middlewareStack.add(
    (next) => (args) => {
      const { request } = args as { request: { body: string; headers: Record<string, string> } };
      request.body = `Action=${action}&Version=2010-05-08`;
      request.headers['content-length'] = String(request.body.length);
      return next(args);
    },
    { step: 'build', priority: 'low' },
  );
  const error: unknown = await other.send(new ListUsersCommand({})).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: code, $metadata: { httpStatusCode: status } });
});
