/** Roles. https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html */
import { IamError } from '../errors.ts';
import { missingPrincipal } from '../known-principals.ts';
import { newId } from '../names.ts';
import { parseTrustPolicy } from '../policy/identity-policy.ts';
import { keyOf, type RoleRecord } from '../records.ts';
import { type ActionCall, changing, reading } from './action.ts';
import { boundaryOf } from './boundaries.ts';
import {
  conflict,
  describedRoleShape,
  fullRoleShape,
  refuseExisting,
  refuseWithPolicies,
  requireRole,
  roleShape,
  tagShapes,
} from './entities.ts';
import { profilesOf } from './instance-profiles.ts';
import { pageOf } from './paging.ts';
import { addTags, checkLength, checkName, checkPath, checkRange, checkTrust, nameRules } from './validation.ts';

const rolesMax = 1000;
const hour = 3600;

function checkDuration(seconds: number): number {
  return checkRange(seconds, { member: 'maxSessionDuration', from: hour, to: 12 * hour });
}

function checkDescription(text: string): { description: string } {
  checkLength(text, { member: 'description', from: 0, to: 1000 });
  return { description: text };
}

/** A trust policy whose principals are there, as far as this server knows their accounts. Throws MalformedPolicyDocument. */
function checkTrusted({ view, iam }: Pick<ActionCall, 'view' | 'iam'>, text: string): string {
  const trust = checkTrust(text);
  const missing = missingPrincipal(parseTrustPolicy(trust), (id) => {
    return id === view.account.id ? view : iam.directory.view(id);
  });
  if (missing === undefined) return trust;
  throw new IamError('MalformedPolicyDocument', `Invalid principal in policy: "AWS":"${missing}"`);
}

export const roleActions = [
  changing({
    name: 'CreateRole',
    supports: [
      'RoleName',
      'Path',
      'AssumeRolePolicyDocument',
      'Description',
      'MaxSessionDuration',
      'PermissionsBoundary',
      'Tags',
    ],
    run({ view, iam, nowMs }, input) {
      const name = checkName(input.RoleName, nameRules.role);
      const path = checkPath(input.Path);
      const trust = checkTrusted({ view, iam }, input.AssumeRolePolicyDocument);
      const maxSessionSeconds = checkDuration(input.MaxSessionDuration ?? hour);
      const tags = addTags([], input.Tags ?? []);
      refuseExisting(view.roles, { name, what: 'Role' });
      if (view.roles.all().length >= rolesMax) {
        throw new IamError('LimitExceeded', `Cannot exceed quota for RolesPerAccount: ${rolesMax}`);
      }
      const role: RoleRecord = {
        ...{ name, path, id: newId('role'), createdMs: nowMs, tags, trust, maxSessionSeconds },
        ...{ inline: {}, attached: [] },
        ...(input.Description !== undefined && checkDescription(input.Description)),
        ...boundaryOf(view, input.PermissionsBoundary),
      };
      view.roles.put(name, role);
      const shownTags = tags.length === 0 ? {} : { Tags: tagShapes(tags) };
      return { Role: { ...roleShape(view, role), ...shownTags } };
    },
  }),

  reading({
    name: 'GetRole',
    supports: ['RoleName'],
    run: ({ view }, { RoleName }) => ({ Role: fullRoleShape(view, requireRole(view, RoleName)) }),
  }),

  reading({
    name: 'ListRoles',
    supports: ['PathPrefix', 'Marker', 'MaxItems'],
    run({ view }, { PathPrefix = '/', ...page }) {
      const roles = view.roles.all().filter(({ path }) => path.startsWith(PathPrefix));
      const { items, rest } = pageOf(roles, page, ({ name }) => keyOf(name));
      return { Roles: items.map((role) => describedRoleShape(view, role)), ...rest };
    },
  }),

  changing({
    name: 'UpdateRole',
    supports: ['RoleName', 'Description', 'MaxSessionDuration'],
    run({ view }, { RoleName, Description, MaxSessionDuration }) {
      const role = requireRole(view, RoleName);
      const maxSessionSeconds = checkDuration(MaxSessionDuration ?? hour);
      view.roles.put(role.name, { ...role, maxSessionSeconds, ...checkDescription(Description ?? '') });
      return {};
    },
  }),

  changing({
    name: 'UpdateRoleDescription',
    supports: ['RoleName', 'Description'],
    run({ view }, { RoleName, Description }) {
      const role = requireRole(view, RoleName);
      const changed = { ...role, ...checkDescription(Description) };
      view.roles.put(role.name, changed);
      return { Role: describedRoleShape(view, changed) };
    },
  }),

  changing({
    name: 'UpdateAssumeRolePolicy',
    supports: ['RoleName', 'PolicyDocument'],
    run({ view, iam }, { RoleName, PolicyDocument }) {
      const role = requireRole(view, RoleName);
      view.roles.put(role.name, { ...role, trust: checkTrusted({ view, iam }, PolicyDocument) });
      return {};
    },
  }),

  changing({
    name: 'DeleteRole',
    supports: ['RoleName'],
    run({ view }, { RoleName }) {
      const role = requireRole(view, RoleName);
      refuseWithPolicies(role);
      if (profilesOf(view, role).length > 0) conflict('remove roles from instance profile');
      view.roles.remove(role.name);
      return {};
    },
  }),
];
