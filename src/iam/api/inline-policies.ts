/** Policies embedded in users, groups and roles, which are alike in all but their names and sizes. */
import type { AccountView } from '../account-view.ts';
import { IamError } from '../errors.ts';
import { policySize } from '../policy/document.ts';
import { keyOf, type PolicyHolder } from '../records.ts';
import { changing, reading } from './action.ts';
import { encodeDocument, missing, requireGroup, requireRole, requireUser } from './entities.ts';
import { type PageRequest, pageOf } from './paging.ts';
import { checkDocument, checkName, nameRules } from './validation.ts';

/** Of all inline policies of one holder together. */
const sizesMax = { user: 2048, group: 5120, role: 10_240 } as const;

interface Named {
  /** Of the holder, as messages call it. */
  readonly kind: string;
  readonly name: string;
}

interface InlinePolicy {
  readonly PolicyName: string;
  readonly PolicyDocument: string;
}

/** The holder's policies with one more, or one that takes the place of another. */
function withPolicy(
  holder: PolicyHolder,
  kind: keyof typeof sizesMax,
  { PolicyName, PolicyDocument }: InlinePolicy,
): Pick<PolicyHolder, 'inline'> {
  checkName(PolicyName, nameRules.policy);
  const inline = { ...withoutCaseOf(holder, PolicyName), [PolicyName]: checkDocument(PolicyDocument) };
  const size = Object.values(inline).reduce((sum, text) => sum + policySize(text), 0);
  if (size <= sizesMax[kind]) return { inline };
  throw new IamError(
    'LimitExceeded',
    `Maximum policy size of ${sizesMax[kind]} bytes exceeded for ${kind} ${holder.name}`,
  );
}

function withoutPolicy(holder: PolicyHolder, named: Named): Pick<PolicyHolder, 'inline'> {
  requirePolicy(holder, named);
  return { inline: withoutCaseOf(holder, named.name) };
}

function withoutCaseOf({ inline }: PolicyHolder, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(inline).filter(([known]) => keyOf(known) !== keyOf(name)));
}

function requirePolicy(holder: PolicyHolder, { kind, name }: Named): InlinePolicy {
  const found = Object.entries(holder.inline).find(([known]) => keyOf(known) === keyOf(name));
  if (found === undefined) missing(`The ${kind} policy with name ${name} cannot be found.`);
  const [PolicyName, document] = found;
  return { PolicyName, PolicyDocument: encodeDocument(document) };
}

function listPolicies({ inline }: PolicyHolder, page: PageRequest) {
  const names = Object.keys(inline).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const { items, rest } = pageOf(names, page, keyOf);
  return { PolicyNames: [...items], ...rest };
}

function changeUser(view: AccountView, name: string, change: (user: PolicyHolder) => Partial<PolicyHolder>) {
  const user = requireUser(view, name);
  view.users.put(user.name, { ...user, ...change(user) });
  return {};
}
function changeGroup(view: AccountView, name: string, change: (group: PolicyHolder) => Partial<PolicyHolder>) {
  const group = requireGroup(view, name);
  view.groups.put(group.name, { ...group, ...change(group) });
  return {};
}
function changeRole(view: AccountView, name: string, change: (role: PolicyHolder) => Partial<PolicyHolder>) {
  const role = requireRole(view, name);
  view.roles.put(role.name, { ...role, ...change(role) });
  return {};
}

export const inlinePolicyActions = [
  changing({
    name: 'PutUserPolicy',
    supports: ['UserName', 'PolicyName', 'PolicyDocument'],
    run: ({ view }, input) => changeUser(view, input.UserName, (user) => withPolicy(user, 'user', input)),
  }),
  changing({
    name: 'PutGroupPolicy',
    supports: ['GroupName', 'PolicyName', 'PolicyDocument'],
    run: ({ view }, input) => changeGroup(view, input.GroupName, (group) => withPolicy(group, 'group', input)),
  }),
  changing({
    name: 'PutRolePolicy',
    supports: ['RoleName', 'PolicyName', 'PolicyDocument'],
    run: ({ view }, input) => changeRole(view, input.RoleName, (role) => withPolicy(role, 'role', input)),
  }),

  reading({
    name: 'GetUserPolicy',
    supports: ['UserName', 'PolicyName'],
    run({ view }, { UserName, PolicyName }) {
      const user = requireUser(view, UserName);
      return { UserName: user.name, ...requirePolicy(user, { kind: 'user', name: PolicyName }) };
    },
  }),
  reading({
    name: 'GetGroupPolicy',
    supports: ['GroupName', 'PolicyName'],
    run({ view }, { GroupName, PolicyName }) {
      const group = requireGroup(view, GroupName);
      return { GroupName: group.name, ...requirePolicy(group, { kind: 'group', name: PolicyName }) };
    },
  }),
  reading({
    name: 'GetRolePolicy',
    supports: ['RoleName', 'PolicyName'],
    run({ view }, { RoleName, PolicyName }) {
      const role = requireRole(view, RoleName);
      return { RoleName: role.name, ...requirePolicy(role, { kind: 'role', name: PolicyName }) };
    },
  }),

  reading({
    name: 'ListUserPolicies',
    supports: ['UserName', 'Marker', 'MaxItems'],
    run: ({ view }, { UserName, ...page }) => listPolicies(requireUser(view, UserName), page),
  }),
  reading({
    name: 'ListGroupPolicies',
    supports: ['GroupName', 'Marker', 'MaxItems'],
    run: ({ view }, { GroupName, ...page }) => listPolicies(requireGroup(view, GroupName), page),
  }),
  reading({
    name: 'ListRolePolicies',
    supports: ['RoleName', 'Marker', 'MaxItems'],
    run: ({ view }, { RoleName, ...page }) => listPolicies(requireRole(view, RoleName), page),
  }),

  changing({
    name: 'DeleteUserPolicy',
    supports: ['UserName', 'PolicyName'],
    run: ({ view }, { UserName, PolicyName }) =>
      changeUser(view, UserName, (user) => withoutPolicy(user, { kind: 'user', name: PolicyName })),
  }),
  changing({
    name: 'DeleteGroupPolicy',
    supports: ['GroupName', 'PolicyName'],
    run: ({ view }, { GroupName, PolicyName }) =>
      changeGroup(view, GroupName, (group) => withoutPolicy(group, { kind: 'group', name: PolicyName })),
  }),
  changing({
    name: 'DeleteRolePolicy',
    supports: ['RoleName', 'PolicyName'],
    run: ({ view }, { RoleName, PolicyName }) =>
      changeRole(view, RoleName, (role) => withoutPolicy(role, { kind: 'role', name: PolicyName })),
  }),
];
