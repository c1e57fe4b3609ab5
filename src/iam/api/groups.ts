/** Groups and who is in them. https://docs.aws.amazon.com/IAM/latest/APIReference/API_Group.html */
import type { AccountView } from '../account-view.ts';
import { IamError } from '../errors.ts';
import { newId } from '../names.ts';
import { type GroupRecord, keyOf, type UserRecord } from '../records.ts';
import { changing, reading } from './action.ts';
import {
  conflict,
  groupShape,
  refuseExisting,
  refuseWithPolicies,
  requireGroup,
  requireUser,
  userShape,
} from './entities.ts';
import { pageOf } from './paging.ts';
import { checkName, checkPath, nameRules } from './validation.ts';

const groupsMax = 300;
const groupsOfUserMax = 10;

function membersOf(view: AccountView, group: GroupRecord): readonly UserRecord[] {
  return view.users.all().filter(({ groups }) => groups.includes(keyOf(group.name)));
}

export const groupActions = [
  changing({
    name: 'CreateGroup',
    supports: ['GroupName', 'Path'],
    run({ view, nowMs }, { GroupName, Path }) {
      const name = checkName(GroupName, nameRules.group);
      const path = checkPath(Path);
      refuseExisting(view.groups, { name, what: 'Group' });
      if (view.groups.all().length >= groupsMax) {
        throw new IamError('LimitExceeded', `Cannot exceed quota for GroupsPerAccount: ${groupsMax}`);
      }
      const group = { name, path, id: newId('group'), createdMs: nowMs, inline: {}, attached: [] };
      view.groups.put(name, group);
      return { Group: groupShape(view, group) };
    },
  }),

  reading({
    name: 'GetGroup',
    supports: ['GroupName', 'Marker', 'MaxItems'],
    run({ view }, { GroupName, ...page }) {
      const group = requireGroup(view, GroupName);
      const { items, rest } = pageOf(membersOf(view, group), page, ({ name }) => keyOf(name));
      return { Group: groupShape(view, group), Users: items.map((user) => userShape(view, user)), ...rest };
    },
  }),

  reading({
    name: 'ListGroups',
    supports: ['PathPrefix', 'Marker', 'MaxItems'],
    run({ view }, { PathPrefix = '/', ...page }) {
      const groups = view.groups.all().filter(({ path }) => path.startsWith(PathPrefix));
      const { items, rest } = pageOf(groups, page, ({ name }) => keyOf(name));
      return { Groups: items.map((group) => groupShape(view, group)), ...rest };
    },
  }),

  reading({
    name: 'ListGroupsForUser',
    supports: ['UserName', 'Marker', 'MaxItems'],
    run({ view }, { UserName, ...page }) {
      const user = requireUser(view, UserName);
      const groups = user.groups.toSorted().flatMap((key) => view.groups.get(key) ?? []);
      const { items, rest } = pageOf(groups, page, ({ name }) => keyOf(name));
      return { Groups: items.map((group) => groupShape(view, group)), ...rest };
    },
  }),

  changing({
    name: 'UpdateGroup',
    supports: ['GroupName', 'NewGroupName', 'NewPath'],
    run({ view }, { GroupName, NewGroupName, NewPath }) {
      const group = requireGroup(view, GroupName);
      const name = checkName(NewGroupName ?? group.name, nameRules.group);
      const path = NewPath === undefined ? group.path : checkPath(NewPath);
      const [from, to] = [keyOf(group.name), keyOf(name)];
      if (from !== to) refuseExisting(view.groups, { name, what: 'Group' });
      const members = membersOf(view, group);
      view.groups.remove(group.name);
      view.groups.put(name, { ...group, name, path });
      for (const user of from === to ? [] : members) {
        view.users.put(user.name, { ...user, groups: user.groups.map((key) => (key === from ? to : key)) });
      }
      return {};
    },
  }),

  changing({
    name: 'DeleteGroup',
    supports: ['GroupName'],
    run({ view }, { GroupName }) {
      const group = requireGroup(view, GroupName);
      if (membersOf(view, group).length > 0) conflict('remove users from group');
      refuseWithPolicies(group);
      view.groups.remove(group.name);
      return {};
    },
  }),

  changing({
    name: 'AddUserToGroup',
    supports: ['GroupName', 'UserName'],
    run({ view }, { GroupName, UserName }) {
      const group = requireGroup(view, GroupName);
      const user = requireUser(view, UserName);
      const key = keyOf(group.name);
      if (user.groups.includes(key)) return {};
      if (user.groups.length >= groupsOfUserMax) {
        throw new IamError('LimitExceeded', `Cannot exceed quota for GroupsPerUser: ${groupsOfUserMax}`);
      }
      view.users.put(user.name, { ...user, groups: [...user.groups, key] });
      return {};
    },
  }),

  changing({
    name: 'RemoveUserFromGroup',
    supports: ['GroupName', 'UserName'],
    run({ view }, { GroupName, UserName }) {
      const group = requireGroup(view, GroupName);
      const user = requireUser(view, UserName);
      const groups = user.groups.filter((key) => key !== keyOf(group.name));
      view.users.put(user.name, { ...user, groups });
      return {};
    },
  }),
];
