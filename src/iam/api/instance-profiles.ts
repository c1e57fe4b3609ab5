/**
 * Instance profiles, which Terraform and others make beside their roles. Nothing here takes a role from one.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_InstanceProfile.html
 */
import type { AccountView } from '../account-view.ts';
import { IamError } from '../errors.ts';
import { entityArn, newId } from '../names.ts';
import { type InstanceProfileRecord, keyOf, type RoleRecord } from '../records.ts';
import { changing, reading } from './action.ts';
import { conflict, missing, refuseExisting, requireRole, roleShape, tagShapes } from './entities.ts';
import { pageOf } from './paging.ts';
import { listTags } from './tags.ts';
import { addTags, checkName, checkPath, nameRules, withoutTags } from './validation.ts';

const profilesMax = 1000;

function requireProfile(view: AccountView, name: string): InstanceProfileRecord {
  return view.instanceProfiles.get(name) ?? missing(`Instance Profile ${name} cannot be found.`);
}

/** Those that a role is in. */
export function profilesOf(view: AccountView, { name }: RoleRecord): readonly InstanceProfileRecord[] {
  return view.instanceProfiles.all().filter(({ role }) => role === keyOf(name));
}

/** Lists leave the tags out. */
export function profileShape(view: AccountView, profile: InstanceProfileRecord) {
  const { name, path, id, createdMs, role: key } = profile;
  const role = key === undefined ? undefined : view.roles.get(key);
  return {
    ...{ Path: path, InstanceProfileName: name, InstanceProfileId: id },
    ...{ Arn: entityArn(view.account.id, 'instance-profile', profile), CreateDate: new Date(createdMs) },
    Roles: role === undefined ? [] : [roleShape(view, role)],
  };
}

function fullShape(view: AccountView, profile: InstanceProfileRecord) {
  const tags = profile.tags.length === 0 ? {} : { Tags: tagShapes(profile.tags) };
  return { InstanceProfile: { ...profileShape(view, profile), ...tags } };
}

export const instanceProfileActions = [
  changing({
    name: 'CreateInstanceProfile',
    supports: ['InstanceProfileName', 'Path', 'Tags'],
    run({ view, nowMs }, { InstanceProfileName, Path, Tags = [] }) {
      const name = checkName(InstanceProfileName, nameRules.instanceProfile);
      const path = checkPath(Path);
      const tags = addTags([], Tags);
      refuseExisting(view.instanceProfiles, { name, what: 'Instance Profile' });
      if (view.instanceProfiles.all().length >= profilesMax) {
        throw new IamError('LimitExceeded', `Cannot exceed quota for InstanceProfilesPerAccount: ${profilesMax}`);
      }
      const profile = { name, path, id: newId('instance-profile'), createdMs: nowMs, tags };
      view.instanceProfiles.put(name, profile);
      return fullShape(view, profile);
    },
  }),

  reading({
    name: 'GetInstanceProfile',
    supports: ['InstanceProfileName'],
    run: ({ view }, { InstanceProfileName }) => fullShape(view, requireProfile(view, InstanceProfileName)),
  }),

  reading({
    name: 'ListInstanceProfiles',
    supports: ['PathPrefix', 'Marker', 'MaxItems'],
    run({ view }, { PathPrefix = '/', ...page }) {
      const profiles = view.instanceProfiles.all().filter(({ path }) => path.startsWith(PathPrefix));
      const { items, rest } = pageOf(profiles, page, ({ name }) => keyOf(name));
      return { InstanceProfiles: items.map((profile) => profileShape(view, profile)), ...rest };
    },
  }),

  reading({
    name: 'ListInstanceProfilesForRole',
    supports: ['RoleName', 'Marker', 'MaxItems'],
    run({ view }, { RoleName, ...page }) {
      const { items, rest } = pageOf(profilesOf(view, requireRole(view, RoleName)), page, ({ name }) => keyOf(name));
      return { InstanceProfiles: items.map((profile) => profileShape(view, profile)), ...rest };
    },
  }),

  changing({
    name: 'DeleteInstanceProfile',
    supports: ['InstanceProfileName'],
    run({ view }, { InstanceProfileName }) {
      const profile = requireProfile(view, InstanceProfileName);
      if (profile.role !== undefined) conflict('remove roles from instance profile');
      view.instanceProfiles.remove(profile.name);
      return {};
    },
  }),

  changing({
    name: 'AddRoleToInstanceProfile',
    supports: ['InstanceProfileName', 'RoleName'],
    run({ view }, { InstanceProfileName, RoleName }) {
      const profile = requireProfile(view, InstanceProfileName);
      const role = requireRole(view, RoleName);
      if (profile.role !== undefined) {
        throw new IamError('LimitExceeded', 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1');
      }
      view.instanceProfiles.put(profile.name, { ...profile, role: keyOf(role.name) });
      return {};
    },
  }),

  changing({
    name: 'RemoveRoleFromInstanceProfile',
    supports: ['InstanceProfileName', 'RoleName'],
    run({ view }, { InstanceProfileName, RoleName }) {
      const { role, ...profile } = requireProfile(view, InstanceProfileName);
      if (role !== keyOf(requireRole(view, RoleName).name)) {
        missing(`Role ${RoleName} cannot be found in instance profile ${InstanceProfileName}.`);
      }
      view.instanceProfiles.put(profile.name, profile);
      return {};
    },
  }),

  changing({
    name: 'TagInstanceProfile',
    supports: ['InstanceProfileName', 'Tags'],
    run({ view }, { InstanceProfileName, Tags }) {
      const profile = requireProfile(view, InstanceProfileName);
      view.instanceProfiles.put(profile.name, { ...profile, tags: addTags(profile.tags, Tags) });
      return {};
    },
  }),
  changing({
    name: 'UntagInstanceProfile',
    supports: ['InstanceProfileName', 'TagKeys'],
    run({ view }, { InstanceProfileName, TagKeys }) {
      const profile = requireProfile(view, InstanceProfileName);
      view.instanceProfiles.put(profile.name, { ...profile, tags: withoutTags(profile.tags, TagKeys) });
      return {};
    },
  }),
  reading({
    name: 'ListInstanceProfileTags',
    supports: ['InstanceProfileName', 'Marker', 'MaxItems'],
    run: ({ view }, { InstanceProfileName, ...page }) => listTags(requireProfile(view, InstanceProfileName).tags, page),
  }),
];
