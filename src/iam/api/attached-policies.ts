/** Managed policies attached to users, groups and roles. */
import type { AccountView } from '../account-view.ts';
import { IamError } from '../errors.ts';
import { findPolicy } from '../policy-lookup.ts';
import { keyOf, type PolicyHolder } from '../records.ts';
import { changing, reading } from './action.ts';
import { missing, requireGroup, requireRole, requireUser } from './entities.ts';
import { type PageRequest, pageOf } from './paging.ts';

const attachedMax = 10;

function attach(view: AccountView, holder: PolicyHolder, { arn, what }: { arn: string; what: string }) {
  if (findPolicy(view, arn) === undefined) missing(`Policy ${arn} does not exist or is not attachable.`);
  if (holder.attached.includes(arn)) return { attached: holder.attached };
  if (holder.attached.length >= attachedMax) {
    throw new IamError('LimitExceeded', `Cannot exceed quota for PoliciesPer${what}: ${attachedMax}`);
  }
  return { attached: [...holder.attached, arn] };
}

function detach({ attached }: PolicyHolder, arn: string) {
  if (!attached.includes(arn)) missing(`Policy ${arn} was not found.`);
  return { attached: attached.filter((known) => known !== arn) };
}

function listAttached(
  view: AccountView,
  { attached }: PolicyHolder,
  { PathPrefix = '/', ...page }: PageRequest & { PathPrefix?: string | undefined },
) {
  const policies = attached
    .flatMap((arn) => {
      const policy = findPolicy(view, arn);
      return policy?.path.startsWith(PathPrefix) ? [{ PolicyName: policy.name, PolicyArn: arn }] : [];
    })
    .toSorted((a, b) => (keyOf(a.PolicyName) < keyOf(b.PolicyName) ? -1 : 1));
  const { items, rest } = pageOf(policies, page, ({ PolicyName }) => keyOf(PolicyName));
  return { AttachedPolicies: [...items], ...rest };
}

export const attachedPolicyActions = [
  changing({
    name: 'AttachUserPolicy',
    supports: ['UserName', 'PolicyArn'],
    run({ view }, { UserName, PolicyArn: arn }) {
      const user = requireUser(view, UserName);
      view.users.put(user.name, { ...user, ...attach(view, user, { arn, what: 'User' }) });
      return {};
    },
  }),
  changing({
    name: 'AttachGroupPolicy',
    supports: ['GroupName', 'PolicyArn'],
    run({ view }, { GroupName, PolicyArn: arn }) {
      const group = requireGroup(view, GroupName);
      view.groups.put(group.name, { ...group, ...attach(view, group, { arn, what: 'Group' }) });
      return {};
    },
  }),
  changing({
    name: 'AttachRolePolicy',
    supports: ['RoleName', 'PolicyArn'],
    run({ view }, { RoleName, PolicyArn: arn }) {
      const role = requireRole(view, RoleName);
      view.roles.put(role.name, { ...role, ...attach(view, role, { arn, what: 'Role' }) });
      return {};
    },
  }),

  changing({
    name: 'DetachUserPolicy',
    supports: ['UserName', 'PolicyArn'],
    run({ view }, { UserName, PolicyArn }) {
      const user = requireUser(view, UserName);
      view.users.put(user.name, { ...user, ...detach(user, PolicyArn) });
      return {};
    },
  }),
  changing({
    name: 'DetachGroupPolicy',
    supports: ['GroupName', 'PolicyArn'],
    run({ view }, { GroupName, PolicyArn }) {
      const group = requireGroup(view, GroupName);
      view.groups.put(group.name, { ...group, ...detach(group, PolicyArn) });
      return {};
    },
  }),
  changing({
    name: 'DetachRolePolicy',
    supports: ['RoleName', 'PolicyArn'],
    run({ view }, { RoleName, PolicyArn }) {
      const role = requireRole(view, RoleName);
      view.roles.put(role.name, { ...role, ...detach(role, PolicyArn) });
      return {};
    },
  }),

  reading({
    name: 'ListAttachedUserPolicies',
    supports: ['UserName', 'PathPrefix', 'Marker', 'MaxItems'],
    run: ({ view }, { UserName, ...query }) => listAttached(view, requireUser(view, UserName), query),
  }),
  reading({
    name: 'ListAttachedGroupPolicies',
    supports: ['GroupName', 'PathPrefix', 'Marker', 'MaxItems'],
    run: ({ view }, { GroupName, ...query }) => listAttached(view, requireGroup(view, GroupName), query),
  }),
  reading({
    name: 'ListAttachedRolePolicies',
    supports: ['RoleName', 'PathPrefix', 'Marker', 'MaxItems'],
    run: ({ view }, { RoleName, ...query }) => listAttached(view, requireRole(view, RoleName), query),
  }),
];
