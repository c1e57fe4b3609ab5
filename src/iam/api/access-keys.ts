/** Access keys of users and of the root. https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html */
import type { AccountView } from '../account-view.ts';
import { IamError } from '../errors.ts';
import { newAccessKey } from '../names.ts';
import { type AccessKeyRecord, keyOf, type UserRecord } from '../records.ts';
import { type ActionCall, changing, reading } from './action.ts';
import { missing, ownUser, requireUser } from './entities.ts';
import { pageOf } from './paging.ts';
import { checkChoice } from './validation.ts';

const keysMax = 2;

/** The user named, or who asks; undefined for the root. */
function subject(call: ActionCall, name: string | undefined): UserRecord | undefined {
  return name === undefined ? ownUser(call) : requireUser(call.view, name);
}

function keysOf(view: AccountView, user: UserRecord | undefined): readonly AccessKeyRecord[] {
  const key = user && keyOf(user.name);
  return view.accessKeys.all().filter((record) => record.user === key);
}

function requireKey(view: AccountView, user: UserRecord | undefined, id: string): AccessKeyRecord {
  const found = keysOf(view, user).find((record) => record.id === id);
  return found ?? missing(`The Access Key with id ${id} cannot be found.`);
}

function nameMember(user: UserRecord | undefined): { UserName: string } {
  // The root has no name, and AWS leaves it empty.
  return { UserName: user?.name ?? '' };
}

export const accessKeyActions = [
  changing({
    name: 'CreateAccessKey',
    supports: ['UserName'],
    run(call, { UserName }) {
      const { view, iam, nowMs } = call;
      const user = subject(call, UserName);
      if (keysOf(view, user).length >= keysMax) {
        throw new IamError('LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${keysMax}`);
      }
      const { accessKeyId: id, secretAccessKey } = newAccessKey('AKIA');
      const secret = iam.secrets.seal(Buffer.from(secretAccessKey)).toString('base64');
      const owner = user === undefined ? {} : { user: keyOf(user.name) };
      view.accessKeys.put(id, { id, ...owner, status: 'Active', createdMs: nowMs, secret });
      const shown = { AccessKeyId: id, Status: 'Active' as const, SecretAccessKey: secretAccessKey };
      return { AccessKey: { ...nameMember(user), ...shown, CreateDate: new Date(nowMs) } };
    },
  }),

  reading({
    name: 'ListAccessKeys',
    supports: ['UserName', 'Marker', 'MaxItems'],
    run(call, { UserName, ...page }) {
      const user = subject(call, UserName);
      const { items, rest } = pageOf(keysOf(call.view, user), page, ({ id }) => keyOf(id));
      const shown = items.map(({ id, status, createdMs }) => {
        return { ...nameMember(user), AccessKeyId: id, Status: status, CreateDate: new Date(createdMs) };
      });
      return { AccessKeyMetadata: shown, ...rest };
    },
  }),

  changing({
    name: 'UpdateAccessKey',
    supports: ['UserName', 'AccessKeyId', 'Status'],
    run(call, { UserName, AccessKeyId, Status }) {
      const status = checkChoice(Status, { member: 'status', choices: ['Active', 'Inactive'] });
      const key = requireKey(call.view, subject(call, UserName), AccessKeyId);
      call.view.accessKeys.put(key.id, { ...key, status });
      return {};
    },
  }),

  changing({
    name: 'DeleteAccessKey',
    supports: ['UserName', 'AccessKeyId'],
    run(call, { UserName, AccessKeyId }) {
      const key = requireKey(call.view, subject(call, UserName), AccessKeyId);
      call.view.accessKeys.remove(key.id);
      return {};
    },
  }),

  reading({
    name: 'GetAccessKeyLastUsed',
    supports: ['AccessKeyId'],
    run({ view, iam }, { AccessKeyId }) {
      const key = view.accessKeys.get(AccessKeyId);
      if (key?.id !== AccessKeyId) missing(`The Access Key with id ${AccessKeyId} cannot be found.`);
      const use = iam.callers.lastUse(AccessKeyId) ?? key.lastUse;
      const user = key.user === undefined ? undefined : view.users.get(key.user);
      const lastUsed =
        use === undefined
          ? { LastUsedDate: undefined, ServiceName: 'N/A', Region: 'N/A' }
          : { LastUsedDate: new Date(use.atMs), ServiceName: use.service, Region: use.region };
      return { ...nameMember(user), AccessKeyLastUsed: lastUsed };
    },
  }),
];
