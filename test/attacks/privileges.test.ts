/** Attacks on rights: by who has a few of them and wants more, by who is of another account, and by guesses of ids. */
import { AttachUserPolicyCommand, CreatePolicyCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { attackRequests } from '../support/attack-requests.ts';
import {
  alice,
  allow,
  expectRepelled,
  mallory,
  otherAccount,
  ownAccount,
  stranger,
  treasure,
  useAttackStage,
  yard,
} from '../support/attack-stage.ts';
import { region, rootKey } from '../support/daemon.ts';
import type { SigningKey } from '../support/sigv4-sign.ts';

const stage = useAttackStage();
const { send, sendForm } = attackRequests(stage);
const iamVersion = 'Version=2010-05-08';
const everything = encodeURIComponent(JSON.stringify(allow('*')));
const administrator = 'arn:aws:iam::aws:policy/AdministratorAccess';
const arnOf = (resource: string, account = ownAccount): string => `arn:aws:iam::${account}:${resource}`;

/** A trust policy for everybody who is given. */
const trust = (principal: object | string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' }],
  });

let iam: IAMClient;
let before: string;

beforeAll(async () => {
  iam = new IAMClient({ endpoint: stage().daemon.endpoint, region, credentials: rootKey, maxAttempts: 1 });
  await iam.send(
    new CreatePolicyCommand({ PolicyName: 'Team', PolicyDocument: JSON.stringify(allow('s3:ListAllMyBuckets')) }),
  );
  await iam.send(
    new CreateRoleCommand({ RoleName: 'keeper', AssumeRolePolicyDocument: trust({ AWS: arnOf('user/alice') }) }),
  );
  await iam.send(new AttachUserPolicyCommand({ UserName: 'alice', PolicyArn: arnOf('policy/Team') }));
  await sendForm('iam', `Action=CreateGroup&${iamVersion}&GroupName=admins`);
  await sendForm('iam', `Action=AttachGroupPolicy&${iamVersion}&GroupName=admins&PolicyArn=${administrator}`);
  before = await identities();
});

afterEach(async () => {
  expect(await identities(), 'what an attack has changed of who there is').toBe(before);
});

/** All that the account's identities are and hold, without the times and ids of answers. */
async function identities(): Promise<string> {
  const asked = [
    'Action=ListUsers',
    'Action=ListRoles',
    'Action=ListGroups',
    'Action=ListPolicies&Scope=Local',
    ...['alice', 'mallory'].flatMap((user) =>
      ['GetUser', 'ListAccessKeys', 'ListUserPolicies', 'ListAttachedUserPolicies', 'ListGroupsForUser'].map(
        (action) => `Action=${action}&UserName=${user}`,
      ),
    ),
    'Action=ListRolePolicies&RoleName=keeper',
    'Action=ListAttachedRolePolicies&RoleName=keeper',
    `Action=ListPolicyVersions&PolicyArn=${arnOf('policy/Team')}`,
  ];
  const answers = await Promise.all(asked.map((form) => sendForm('iam', `${form}&${iamVersion}`)));
  return answers.map(({ body }) => body.replace(/<RequestId>[^<]*/, '')).join('\n');
}

/** What gives rights to oneself or takes limits away. */
const escalations: readonly (readonly [name: string, parameters: string])[] = [
  ['CreateAccessKey', 'UserName=alice'],
  ['CreateAccessKey', ''],
  ['UpdateAccessKey', `UserName=alice&AccessKeyId=${alice.accessKeyId}&Status=Inactive`],
  ['UpdateAccessKey', `UserName=mallory&AccessKeyId=${alice.accessKeyId}&Status=Inactive`],
  ['DeleteAccessKey', `AccessKeyId=${alice.accessKeyId}`],
  ['CreateUser', 'UserName=evil'],
  ['UpdateUser', 'UserName=mallory&NewUserName=evil'],
  ['DeleteUser', 'UserName=alice'],
  ['PutUserPolicy', `UserName=mallory&PolicyName=p&PolicyDocument=${everything}`],
  ['AttachUserPolicy', `UserName=mallory&PolicyArn=${administrator}`],
  ['DetachUserPolicy', `UserName=alice&PolicyArn=${arnOf('policy/Team')}`],
  ['DeleteUserPolicy', 'UserName=alice&PolicyName=yard'],
  ['PutUserPermissionsBoundary', `UserName=mallory&PermissionsBoundary=${administrator}`],
  ['DeleteUserPermissionsBoundary', 'UserName=mallory'],
  ['AddUserToGroup', 'GroupName=admins&UserName=mallory'],
  ['CreateGroup', 'GroupName=evil'],
  ['PutGroupPolicy', `GroupName=admins&PolicyName=p&PolicyDocument=${everything}`],
  ['AttachGroupPolicy', `GroupName=admins&PolicyArn=${administrator}`],
  ['UpdateGroup', 'GroupName=admins&NewGroupName=evil'],
  ['CreatePolicy', `PolicyName=Evil&PolicyDocument=${everything}`],
  ['CreatePolicyVersion', `PolicyArn=${arnOf('policy/Team')}&SetAsDefault=true&PolicyDocument=${everything}`],
  ['SetDefaultPolicyVersion', `PolicyArn=${arnOf('policy/Team')}&VersionId=v1`],
  ['CreateRole', `RoleName=evil&AssumeRolePolicyDocument=${encodeURIComponent(trust('*'))}`],
  ['UpdateAssumeRolePolicy', `RoleName=keeper&PolicyDocument=${encodeURIComponent(trust('*'))}`],
  ['PutRolePolicy', `RoleName=keeper&PolicyName=p&PolicyDocument=${everything}`],
  ['AttachRolePolicy', `RoleName=keeper&PolicyArn=${administrator}`],
  ['PutRolePermissionsBoundary', `RoleName=keeper&PermissionsBoundary=${administrator}`],
  ['TagUser', 'UserName=mallory&Tags.member.1.Key=team&Tags.member.1.Value=admin'],
  ['CreateOpenIDConnectProvider', 'Url=https://evil.example&ClientIDList.member.1=a'],
];

describe('without the right to it', () => {
  test.for(escalations)('%s %s → AccessDenied', async ([action, parameters]) => {
    for (const key of [mallory, alice]) {
      const answer = await sendForm('iam', `Action=${action}&${iamVersion}&${parameters}`, key);
      expect(answer.body).toContain('<Code>AccessDenied</Code>');
    }
  });

  test.for(escalations)('%s %s by the root of another account → not here', async ([action, parameters]) => {
    // Its own account has no such entities; what it may make there is made there, and goes again.
    const made: Readonly<Record<string, string>> = {
      CreateUser: 'DeleteUser&UserName=evil',
      CreateGroup: 'DeleteGroup&GroupName=evil',
      CreateRole: 'DeleteRole&RoleName=evil',
      CreatePolicy: `DeletePolicy&PolicyArn=${arnOf('policy/Evil', otherAccount)}`,
      CreateOpenIDConnectProvider: `DeleteOpenIDConnectProvider&OpenIDConnectProviderArn=${arnOf('oidc-provider/evil.example', otherAccount)}`,
    };
    const undo = made[action];
    const isOwnKey = action === 'CreateAccessKey' && parameters === '';
    if (isOwnKey) return;
    const answer = await sendForm('iam', `Action=${action}&${iamVersion}&${parameters}`, stranger);
    if (undo === undefined) expectRepelled(answer);
    else expect((await sendForm('iam', `Action=${undo}&${iamVersion}`, stranger)).status).toBe(200);
  });
});

describe('with rights that are limited', () => {
  /** Gives alice a right for the time of one attack. */
  async function having(document: object, attack: () => Promise<void>): Promise<void> {
    const named = `${iamVersion}&UserName=alice&PolicyName=lent`;
    const text = encodeURIComponent(JSON.stringify(document));
    const given = await sendForm('iam', `Action=PutUserPolicy&${named}&PolicyDocument=${text}`);
    expect(given.status, given.body).toBe(200);
    try {
      await attack();
    } finally {
      await sendForm('iam', `Action=DeleteUserPolicy&${named}`);
    }
  }
  const asAlice = (form: string) => sendForm('iam', `${form}&${iamVersion}`, alice);

  test('to all users but one, who is named in other letters → refused all the same', async () => {
    const policy = allow('iam:CreateAccessKey');
    const denial = { Effect: 'Deny', Action: '*', Resource: arnOf('user/mallory') };
    await having({ ...policy, Statement: [...policy.Statement, denial] }, async () => {
      for (const name of [
        'mallory',
        'MALLORY',
        'Mallory',
        'mallory%20',
        'mallory/',
        '/mallory',
        'mallory%00',
        'ｍallory',
        'user/mallory',
      ]) {
        expectRepelled(await asAlice(`Action=CreateAccessKey&UserName=${name}`));
      }
    });
  });

  test('to users below a path → none that is moved out of it or into it', async () => {
    await having(allow('iam:*', arnOf('user/team/*')), async () => {
      expect((await asAlice('Action=CreateUser&UserName=mate&Path=/team/')).status).toBe(200);
      for (const to of ['NewPath=/', 'NewPath=/../team/', 'NewPath=/admins/', 'NewPath=/team']) {
        expectRepelled(await asAlice(`Action=UpdateUser&UserName=mate&${to}`));
      }
      expectRepelled(await asAlice('Action=UpdateUser&UserName=mallory&NewPath=/team/'));
      expectRepelled(await asAlice('Action=CreateAccessKey&UserName=mallory&Path=/team/'));
      expect((await asAlice('Action=UpdateUser&UserName=mate&NewPath=/team/a/')).status).toBe(200);
      expect((await asAlice('Action=DeleteUser&UserName=mate')).status).toBe(200);
    });
  });

  test('to the policies below a path → not to another by a path it has not', async () => {
    await having(allow('iam:*', arnOf('policy/team/*')), async () => {
      for (const arn of [
        'policy/team/Team',
        'policy/team/../Team',
        'policy/TEAM',
        'policy//Team',
        'policy/team/%2e%2e/Team',
      ]) {
        expectRepelled(
          await asAlice(
            `Action=CreatePolicyVersion&PolicyArn=${arnOf(arn)}&SetAsDefault=true&PolicyDocument=${everything}`,
          ),
        );
      }
      expectRepelled(
        await asAlice(`Action=CreatePolicyVersion&PolicyArn=${administrator}&PolicyDocument=${everything}`),
      );
    });
  });

  test('to attach one policy → no other, however it is written', async () => {
    const [statement] = allow('iam:AttachUserPolicy').Statement;
    const only = { ArnEquals: { 'iam:PolicyARN': arnOf('policy/Team') } };
    await having({ Version: '2012-10-17', Statement: [{ ...statement, Condition: only }] }, async () => {
      for (const arn of [
        administrator,
        administrator.toUpperCase(),
        `${administrator}%00`,
        `${arnOf('policy/Team')}&PolicyArn=${administrator}`,
      ]) {
        const answer = await asAlice(`Action=AttachUserPolicy&UserName=alice&PolicyArn=${arn}`);
        if (!arn.includes('&')) expectRepelled(answer);
      }
      expect(
        (await sendForm('iam', `Action=ListAttachedUserPolicies&UserName=alice&${iamVersion}`)).body,
      ).not.toContain('Administrator');
    });
  });

  test('to make policies of its own, within a boundary → no more than that', async () => {
    const boundary = `${iamVersion}&UserName=alice&PermissionsBoundary=${arnOf('policy/Team')}`;
    expect((await sendForm('iam', `Action=PutUserPermissionsBoundary&${boundary}`)).status).toBe(200);
    await having(allow('*'), async () => {
      expectRepelled(await asAlice('Action=DeleteUserPermissionsBoundary&UserName=alice'));
      expectRepelled(await asAlice(`Action=PutUserPolicy&UserName=alice&PolicyName=p&PolicyDocument=${everything}`));
      expectRepelled(await asAlice('Action=CreateAccessKey&UserName=alice'));
      expectRepelled(await send({ path: `/${treasure}/secret` }));
    });
    await sendForm('iam', `Action=DeleteUserPermissionsBoundary&${iamVersion}&UserName=alice`);
  });

  test('to call STS → no session has more than who asks', async () => {
    await having(allow('sts:*'), async () => {
      for (const form of [
        `Action=GetFederationToken&Name=me&Policy=${everything}`,
        `Action=GetFederationToken&Name=me&PolicyArns.member.1.arn=${administrator}`,
        'Action=GetSessionToken',
      ]) {
        const answer = await sendForm('sts', `${form}&Version=2011-06-15`, alice);
        const key = keyIn(answer.body);
        expectRepelled(await send({ path: `/${treasure}/secret`, key }));
        expectRepelled(await sendForm('iam', `Action=ListUsers&${iamVersion}`, key));
        expectRepelled(await sendForm('iam', `Action=CreateAccessKey&${iamVersion}`, key));
      }
      const names = ['role/KEEPER', 'role/keeper*', 'role/*', 'role//keeper', 'role/x/../keeper', 'user/alice', 'root'];
      for (const arn of [...names.map((name) => arnOf(name)), arnOf('role/keeper', otherAccount), administrator, '*']) {
        expectRepelled(
          await sendForm('sts', `Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn=${arn}`, alice),
        );
      }
    });
  });

  test('a role that trusts a user → neither others, nor by way of their names', async () => {
    const assume = (key: SigningKey, name = 'me') =>
      sendForm(
        'sts',
        `Action=AssumeRole&Version=2011-06-15&RoleSessionName=${name}&RoleArn=${arnOf('role/keeper')}`,
        key,
      );
    for (const key of [mallory, stranger, rootKey]) expectRepelled(await assume(key));
    const session = keyIn((await assume(alice)).body);
    // The role has no rights, and the session those of the role and not of the user.
    expectRepelled(await send({ path: `/${yard}/grass`, key: session }));
    expectRepelled(await assume(session));
    for (const name of ['a', 'a/b', '*', 'a%0Ab', 'a'.repeat(65), '']) expectRepelled(await assume(alice, name));
  });

  test('a user named with wildcards, a path or variables → not made', async () => {
    for (const name of [
      '*',
      'a*',
      '?',
      '${aws:username}',
      'a/b',
      '../alice',
      'a%0Ab',
      'ali\u{0441}e',
      'a:b',
      '%00',
      'alice%20',
    ]) {
      expectRepelled(await sendForm('iam', `Action=CreateUser&${iamVersion}&UserName=${name}`));
    }
    for (const path of ['a', '/a', '//%0A/', '/ä/', '/%00/']) {
      expectRepelled(await sendForm('iam', `Action=CreateUser&${iamVersion}&UserName=evil&Path=${path}`));
    }
    expectRepelled(await sendForm('iam', `Action=CreateUser&${iamVersion}&UserName=ALICE`));
  });

  test('principals with wildcards → no policy of a bucket, no trust', async () => {
    for (const principal of [
      { AWS: arnOf('user/*') },
      { AWS: arnOf('*') },
      { AWS: 'arn:aws:iam::*:root' },
      { AWS: 'arn:aws:iam::*:user/alice' },
      { AWS: '00000000000*' },
      { AWS: '?' },
      { AWS: [] },
      { AWS: [arnOf('user/a?ice')] },
    ]) {
      const [statement] = allow('s3:GetObject', `arn:aws:s3:::${treasure}/*`).Statement;
      const body = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, Principal: principal }] });
      expectRepelled(await send({ method: 'PUT', path: `/${treasure}`, query: [['policy', '']], body, key: rootKey }));
      const document = encodeURIComponent(trust(principal));
      expectRepelled(
        await sendForm('iam', `Action=UpdateAssumeRolePolicy&${iamVersion}&RoleName=keeper&PolicyDocument=${document}`),
      );
    }
  });
});

/** The credentials of an answer of STS. */
function keyIn(body: string): SigningKey {
  const of = (name: string): string => new RegExp(`<${name}>([^<]+)`).exec(body)?.[1] ?? '';
  const key = {
    accessKeyId: of('AccessKeyId'),
    secretAccessKey: of('SecretAccessKey'),
    sessionToken: of('SessionToken'),
  };
  expect(key.sessionToken, body).not.toBe('');
  return key;
}
