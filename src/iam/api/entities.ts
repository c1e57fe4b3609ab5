/** Finding what an action names, or refusing with NoSuchEntity, and what entities look like in answers. */
import type { AccountView, Collection } from '../account-view.ts';
import { IamError } from '../errors.ts';
import { entityArn } from '../names.ts';
import type { GroupRecord, PolicyHolder, PolicyRecord, RoleRecord, Tag, UserRecord } from '../records.ts';
import type { ActionCall } from './action.ts';

export function requireUser(view: AccountView, name: string): UserRecord {
  return view.users.get(name) ?? missing(`The user with name ${name} cannot be found.`);
}

export function requireGroup(view: AccountView, name: string): GroupRecord {
  return view.groups.get(name) ?? missing(`The group with name ${name} cannot be found.`);
}

export function requireRole(view: AccountView, name: string): RoleRecord {
  return view.roles.get(name) ?? missing(`The role with name ${name} cannot be found.`);
}

export function missing(message: string): never {
  throw new IamError('NoSuchEntity', message);
}

export function refuseExisting(collection: Collection<unknown>, { name, what }: { name: string; what: string }): void {
  if (collection.get(name) === undefined) return;
  throw new IamError('EntityAlreadyExists', `${what} with name ${name} already exists.`);
}

export function conflict(message: string): never {
  throw new IamError('DeleteConflict', `Cannot delete entity, must ${message} first.`);
}

/** What must be gone before a holder of policies may be. */
export function refuseWithPolicies({ inline, attached }: PolicyHolder): void {
  if (attached.length > 0) conflict('detach all policies');
  if (Object.keys(inline).length > 0) conflict('delete policies');
}

/** The user that a request without a name is about: the one who asks; undefined for the root. */
export function ownUser({ identity, view }: ActionCall): UserRecord | undefined {
  if (identity.kind === 'root') return undefined;
  if (identity.kind === 'user' && identity.name !== undefined) return requireUser(view, identity.name);
  throw new IamError('ValidationError', 'Must specify userName when calling with non-User credentials');
}

/** Members in which users, groups and roles are alike. */
function sharedShape({ path, createdMs }: PolicyHolder) {
  return { Path: path, CreateDate: new Date(createdMs) };
}

export function tagShapes(tags: readonly Tag[]): { Key: string; Value: string }[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}

function boundaryShape(boundary: string | undefined) {
  if (boundary === undefined) return {};
  return {
    PermissionsBoundary: {
      PermissionsBoundaryType: 'PermissionsBoundaryPolicy' as const,
      PermissionsBoundaryArn: boundary,
    },
  };
}

/** As lists show it: without tags and boundary. */
export function userShape({ account }: AccountView, user: UserRecord) {
  const { name, id } = user;
  return { UserName: name, UserId: id, Arn: entityArn(account.id, 'user', user), ...sharedShape(user) };
}

export function fullUserShape(view: AccountView, user: UserRecord) {
  const tags = user.tags.length === 0 ? {} : { Tags: tagShapes(user.tags) };
  return { ...userShape(view, user), ...boundaryShape(user.boundary), ...tags };
}

export function groupShape({ account }: AccountView, group: GroupRecord) {
  const { name, id } = group;
  return { GroupName: name, GroupId: id, Arn: entityArn(account.id, 'group', group), ...sharedShape(group) };
}

export function roleShape({ account }: AccountView, role: RoleRecord) {
  const { name, id, trust } = role;
  return {
    RoleName: name,
    RoleId: id,
    Arn: entityArn(account.id, 'role', role),
    AssumeRolePolicyDocument: encodeDocument(trust),
    ...sharedShape(role),
  };
}

export function describedRoleShape(view: AccountView, role: RoleRecord) {
  const description = role.description === undefined ? {} : { Description: role.description };
  return { ...roleShape(view, role), ...description, MaxSessionDuration: role.maxSessionSeconds };
}

export function fullRoleShape(view: AccountView, role: RoleRecord) {
  const tags = role.tags.length === 0 ? {} : { Tags: tagShapes(role.tags) };
  return { ...describedRoleShape(view, role), ...boundaryShape(role.boundary), ...tags, RoleLastUsed: {} };
}

export interface PolicyUse {
  readonly attachments: number;
  readonly boundaries: number;
}

export function policyShape(policy: PolicyRecord, arn: string, { attachments, boundaries }: PolicyUse) {
  const { name, id, path, defaultVersion, createdMs, updatedMs } = policy;
  return {
    PolicyName: name,
    PolicyId: id,
    Arn: arn,
    Path: path,
    DefaultVersionId: defaultVersion,
    AttachmentCount: attachments,
    PermissionsBoundaryUsageCount: boundaries,
    IsAttachable: true,
    CreateDate: new Date(createdMs),
    UpdateDate: new Date(updatedMs),
  };
}

/** Documents stand in answers with all but unreserved characters escaped. */
export function encodeDocument(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}
