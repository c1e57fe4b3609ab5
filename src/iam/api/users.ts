/** Users. https://docs.aws.amazon.com/IAM/latest/APIReference/API_User.html */
import { IamError } from '../errors.ts';
import { newId, rootArn } from '../names.ts';
import { keyOf } from '../records.ts';
import { changing, reading } from './action.ts';
import { boundaryOf } from './boundaries.ts';
import {
  conflict,
  fullUserShape,
  ownUser,
  refuseExisting,
  refuseWithPolicies,
  requireUser,
  userShape,
} from './entities.ts';
import { pageOf } from './paging.ts';
import { addTags, checkName, checkPath, nameRules } from './validation.ts';

const usersMax = 5000;

export const userActions = [
  changing({
    name: 'CreateUser',
    supports: ['UserName', 'Path', 'PermissionsBoundary', 'Tags'],
    run({ view, nowMs }, { UserName, Path, PermissionsBoundary, Tags = [] }) {
      const name = checkName(UserName, nameRules.user);
      const path = checkPath(Path);
      const tags = addTags([], Tags);
      refuseExisting(view.users, { name, what: 'User' });
      if (view.users.all().length >= usersMax) {
        throw new IamError('LimitExceeded', `Cannot exceed quota for UsersPerAccount: ${usersMax}`);
      }
      const user = {
        ...{ name, path, id: newId('user'), createdMs: nowMs, tags },
        ...{ inline: {}, attached: [], groups: [] },
        ...boundaryOf(view, PermissionsBoundary),
      };
      view.users.put(name, user);
      return { User: fullUserShape(view, user) };
    },
  }),

  reading({
    name: 'GetUser',
    supports: ['UserName'],
    run(call, { UserName }) {
      const { view } = call;
      const user = UserName === undefined ? ownUser(call) : requireUser(view, UserName);
      if (user !== undefined) return { User: fullUserShape(view, user) };
      const { id, createdMs } = view.account;
      const root = { Path: '/', UserId: id, Arn: rootArn(id), CreateDate: new Date(createdMs) };
      // The root has no name, which the SDK's type does not know.
      return { User: { ...root, UserName: undefined } };
    },
  }),

  reading({
    name: 'ListUsers',
    supports: ['PathPrefix', 'Marker', 'MaxItems'],
    run({ view }, { PathPrefix = '/', ...page }) {
      const users = view.users.all().filter(({ path }) => path.startsWith(PathPrefix));
      const { items, rest } = pageOf(users, page, ({ name }) => keyOf(name));
      return { Users: items.map((user) => userShape(view, user)), ...rest };
    },
  }),

  changing({
    name: 'UpdateUser',
    supports: ['UserName', 'NewUserName', 'NewPath'],
    run({ view }, { UserName, NewUserName, NewPath }) {
      const user = requireUser(view, UserName);
      const name = checkName(NewUserName ?? user.name, nameRules.user);
      const path = NewPath === undefined ? user.path : checkPath(NewPath);
      const isMoved = keyOf(name) !== keyOf(user.name);
      if (isMoved) refuseExisting(view.users, { name, what: 'User' });
      view.users.remove(user.name);
      view.users.put(name, { ...user, name, path });
      for (const key of isMoved ? view.accessKeys.all() : []) {
        if (key.user === keyOf(user.name)) view.accessKeys.put(key.id, { ...key, user: keyOf(name) });
      }
      return {};
    },
  }),

  changing({
    name: 'DeleteUser',
    supports: ['UserName'],
    run({ view }, { UserName }) {
      const user = requireUser(view, UserName);
      if (view.accessKeys.all().some((key) => key.user === keyOf(user.name))) conflict('delete access keys');
      refuseWithPolicies(user);
      if (user.groups.length > 0) conflict('remove users from group');
      view.users.remove(user.name);
      return {};
    },
  }),
];
