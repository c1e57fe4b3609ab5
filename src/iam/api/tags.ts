/** Tags of users, roles and policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
import type { AccountView } from '../account-view.ts';
import { findPolicy } from '../policy-lookup.ts';
import { keyOf, type PolicyRecord, type Tag } from '../records.ts';
import { changing, reading } from './action.ts';
import { missing, requireRole, requireUser } from './entities.ts';
import { type PageRequest, pageOf } from './paging.ts';
import { addTags, withoutTags } from './validation.ts';

/** A page of tags. */
export function listTags(tags: readonly Tag[], page: PageRequest) {
  const sorted = tags.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const { items, rest } = pageOf(sorted, page, ({ key }) => key);
  return { Tags: items.map(({ key, value }) => ({ Key: key, Value: value })), ...rest };
}

function requirePolicy(view: AccountView, arn: string): PolicyRecord {
  const policy = findPolicy(view, arn);
  const own = policy && view.policies.get(keyOf(policy.name));
  return own !== undefined && own === policy ? own : missing(`Policy ${arn} was not found.`);
}

export const tagActions = [
  changing({
    name: 'TagUser',
    supports: ['UserName', 'Tags'],
    run({ view }, { UserName, Tags }) {
      const user = requireUser(view, UserName);
      view.users.put(user.name, { ...user, tags: addTags(user.tags, Tags) });
      return {};
    },
  }),
  changing({
    name: 'UntagUser',
    supports: ['UserName', 'TagKeys'],
    run({ view }, { UserName, TagKeys }) {
      const user = requireUser(view, UserName);
      view.users.put(user.name, { ...user, tags: withoutTags(user.tags, TagKeys) });
      return {};
    },
  }),
  reading({
    name: 'ListUserTags',
    supports: ['UserName', 'Marker', 'MaxItems'],
    run: ({ view }, { UserName, ...page }) => listTags(requireUser(view, UserName).tags, page),
  }),

  changing({
    name: 'TagRole',
    supports: ['RoleName', 'Tags'],
    run({ view }, { RoleName, Tags }) {
      const role = requireRole(view, RoleName);
      view.roles.put(role.name, { ...role, tags: addTags(role.tags, Tags) });
      return {};
    },
  }),
  changing({
    name: 'UntagRole',
    supports: ['RoleName', 'TagKeys'],
    run({ view }, { RoleName, TagKeys }) {
      const role = requireRole(view, RoleName);
      view.roles.put(role.name, { ...role, tags: withoutTags(role.tags, TagKeys) });
      return {};
    },
  }),
  reading({
    name: 'ListRoleTags',
    supports: ['RoleName', 'Marker', 'MaxItems'],
    run: ({ view }, { RoleName, ...page }) => listTags(requireRole(view, RoleName).tags, page),
  }),

  changing({
    name: 'TagPolicy',
    supports: ['PolicyArn', 'Tags'],
    run({ view }, { PolicyArn, Tags }) {
      const policy = requirePolicy(view, PolicyArn);
      view.policies.put(policy.name, { ...policy, tags: addTags(policy.tags, Tags) });
      return {};
    },
  }),
  changing({
    name: 'UntagPolicy',
    supports: ['PolicyArn', 'TagKeys'],
    run({ view }, { PolicyArn, TagKeys }) {
      const policy = requirePolicy(view, PolicyArn);
      view.policies.put(policy.name, { ...policy, tags: withoutTags(policy.tags, TagKeys) });
      return {};
    },
  }),
  reading({
    name: 'ListPolicyTags',
    supports: ['PolicyArn', 'Marker', 'MaxItems'],
    run: ({ view }, { PolicyArn, ...page }) => listTags(requirePolicy(view, PolicyArn).tags, page),
  }),
];
