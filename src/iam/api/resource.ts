/**
 * The ARN that an action of IAM is about, which policies are held against.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
 */
import type { AccountView } from '../account-view.ts';
import type { Identity } from '../identity.ts';
import type { Decoded } from '../model/decode.ts';
import { entityArn, iamArn } from '../names.ts';
import type { Tag } from '../records.ts';

export interface Resource {
  readonly arn: string;
  /** Of the entity, if it is there. */
  readonly tags: readonly Tag[];
}

interface Entity {
  readonly path: string;
  readonly name: string;
  readonly tags?: readonly Tag[];
}

/** Lists are about all below a path. */
const lists: Readonly<Record<string, string>> = {
  ListUsers: 'user',
  ListGroups: 'group',
  ListRoles: 'role',
  ListPolicies: 'policy',
  ListInstanceProfiles: 'instance-profile',
};

/** Without a user's name these are about who asks. */
const ownActions: ReadonlySet<string> = new Set([
  'GetUser',
  'CreateAccessKey',
  'ListAccessKeys',
  'UpdateAccessKey',
  'DeleteAccessKey',
  'GetLoginProfile',
  'DeleteLoginProfile',
  'ListMFADevices',
]);

/** All that an action is about: what it names and, where it gives that another name or path, what it then is. */
export function resourcesOf(
  who: { identity: Identity; view: AccountView },
  action: string,
  input: Decoded,
): readonly Resource[] {
  const named = resourceOf(who, action, input);
  const moved = movedTo(who.view, action, input);
  return moved === undefined ? [named] : [named, moved];
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html: permission is needed on both. */
function movedTo({ account, users, groups }: AccountView, action: string, input: Decoded): Resource | undefined {
  const { UserName, GroupName, NewUserName, NewGroupName, NewPath } = input;
  const isUser = action === 'UpdateUser';
  if (!isUser && action !== 'UpdateGroup') return undefined;
  const entity: Entity | undefined = isUser ? users.get(String(UserName)) : groups.get(String(GroupName));
  const [name, path] = [(isUser ? NewUserName : NewGroupName) ?? entity?.name, NewPath ?? entity?.path];
  if (typeof name !== 'string' || typeof path !== 'string') return undefined;
  return { arn: entityArn(account.id, isUser ? 'user' : 'group', { path, name }), tags: entity?.tags ?? [] };
}

/** The role that an action gives to a service, which takes a permission of its own: iam:PassRole. */
export function passedRole({ account, roles }: AccountView, action: string, input: Decoded): Resource | undefined {
  const { RoleName: name } = input;
  if (action !== 'AddRoleToInstanceProfile' || typeof name !== 'string') return undefined;
  const role: Entity = roles.get(name) ?? { path: '/', name };
  return { arn: entityArn(account.id, 'role', role), tags: role.tags ?? [] };
}

function resourceOf(
  { identity, view }: { identity: Identity; view: AccountView },
  action: string,
  input: Decoded,
): Resource {
  const { id } = view.account;
  const member = (name: string): string | undefined => {
    const value = input[name];
    return typeof value === 'string' ? value : undefined;
  };
  const listed = lists[action];
  if (listed !== undefined) return { arn: iamArn(id, `${listed}${member('PathPrefix') ?? '/'}`), tags: [] };
  const [role, group, user] = ['RoleName', 'GroupName', 'UserName'].map(member);
  const path = member('Path') ?? '/';
  const named = (kind: Parameters<typeof entityArn>[1], entity: Entity): Resource => {
    return { arn: entityArn(id, kind, entity), tags: entity.tags ?? [] };
  };
  const profile = member('InstanceProfileName');
  if (profile !== undefined) {
    return named('instance-profile', view.instanceProfiles.get(profile) ?? { path, name: profile });
  }
  if (role !== undefined) return named('role', view.roles.get(role) ?? { path, name: role });
  if (group !== undefined) return named('group', view.groups.get(group) ?? { path, name: group });
  if (user !== undefined) return named('user', view.users.get(user) ?? { path, name: user });
  if (ownActions.has(action)) return { arn: identity.arn, tags: identity.tags };
  if (action === 'CreatePolicy') return named('policy', { path, name: member('PolicyName') ?? '' });
  const arn = member('PolicyArn') ?? member('PolicySourceArn') ?? member('OpenIDConnectProviderArn');
  return { arn: arn ?? '*', tags: [] };
}
