/** Managed policies and their versions. https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html */
import type { AccountView } from '../account-view.ts';
import { IamError } from '../errors.ts';
import { managedPolicies } from '../managed-policies.ts';
import { entityArn, newId, parseIamArn } from '../names.ts';
import { policySize } from '../policy/document.ts';
import { findPolicy } from '../policy-lookup.ts';
import { keyOf, type PolicyRecord, type PolicyVersion } from '../records.ts';
import { changing, reading } from './action.ts';
import { encodeDocument, missing, type PolicyUse, policyShape, tagShapes } from './entities.ts';
import { pageOf } from './paging.ts';
import { addTags, checkChoice, checkDocument, checkLength, checkName, checkPath, nameRules } from './validation.ts';

const policiesMax = 1500;
const versionsMax = 5;
const sizeMax = 6144;

function checkManaged(document: string): string {
  checkDocument(document);
  if (policySize(document) > sizeMax) {
    throw new IamError('LimitExceeded', `Cannot exceed quota for PolicySize: ${sizeMax}`);
  }
  return document;
}

function requirePolicy(view: AccountView, arn: string): PolicyRecord {
  checkLength(arn, { member: 'policyArn', from: 20, to: 2048 });
  if (parseIamArn(arn) === undefined) throw new IamError('InvalidInput', `ARN ${arn} is not valid.`);
  return findPolicy(view, arn) ?? missing(`Policy ${arn} was not found.`);
}

/** A policy of the account's own, to change. */
function requireOwn(view: AccountView, arn: string): PolicyRecord {
  const policy = requirePolicy(view, arn);
  if (arn === entityArn(view.account.id, 'policy', policy)) return policy;
  throw new IamError('AccessDenied', `${arn} is a policy of AWS and cannot be changed.`);
}

function requireVersion(policy: PolicyRecord, { arn, id }: { arn: string; id: string }): PolicyVersion {
  const found = policy.versions.find((version) => version.id === id);
  return found ?? missing(`Policy ${arn} version ${id} does not exist or is not attachable.`);
}

/** How often each policy is attached, and how often it is a boundary, by ARN. */
export function usesIn({ users, groups, roles }: AccountView): (arn: string) => PolicyUse {
  const uses = new Map<string, { attachments: number; boundaries: number }>();
  const useOf = (arn: string) => {
    const use = uses.get(arn) ?? { attachments: 0, boundaries: 0 };
    uses.set(arn, use);
    return use;
  };
  for (const { attached } of [...users.all(), ...groups.all(), ...roles.all()]) {
    for (const arn of attached) useOf(arn).attachments += 1;
  }
  for (const { boundary } of [...users.all(), ...roles.all()]) {
    if (boundary !== undefined) useOf(boundary).boundaries += 1;
  }
  return useOf;
}

export function versionShape({ defaultVersion }: PolicyRecord, { id, createdMs }: PolicyVersion) {
  return { VersionId: id, IsDefaultVersion: id === defaultVersion, CreateDate: new Date(createdMs) };
}

interface Listed {
  readonly arn: string;
  readonly policy: PolicyRecord;
}

export function policiesIn(view: AccountView, scope: 'All' | 'AWS' | 'Local'): readonly Listed[] {
  const own = scope === 'AWS' ? [] : view.policies.all();
  const theirs = scope === 'Local' ? [] : managedPolicies();
  return [
    ...own.map((policy) => ({ policy, arn: entityArn(view.account.id, 'policy', policy) })),
    ...theirs.map((policy) => ({ policy, arn: `arn:aws:iam::aws:policy${policy.path}${policy.name}` })),
  ];
}

export const policyActions = [
  changing({
    name: 'CreatePolicy',
    supports: ['PolicyName', 'Path', 'PolicyDocument', 'Description', 'Tags'],
    run({ view, nowMs }, { PolicyName, Path, PolicyDocument, Description, Tags = [] }) {
      const name = checkName(PolicyName, nameRules.policy);
      const path = checkPath(Path);
      const document = checkManaged(PolicyDocument);
      const tags = addTags([], Tags);
      checkLength(Description ?? '', { member: 'description', from: 0, to: 1000 });
      if (view.policies.get(name) !== undefined) {
        throw new IamError(
          'EntityAlreadyExists',
          `A policy called ${name} already exists. Duplicate names are not allowed.`,
        );
      }
      if (view.policies.all().length >= policiesMax) {
        throw new IamError('LimitExceeded', `Cannot exceed quota for PoliciesPerAccount: ${policiesMax}`);
      }
      const policy: PolicyRecord = {
        ...{ name, path, id: newId('policy'), tags, createdMs: nowMs, updatedMs: nowMs },
        ...{ versions: [{ id: 'v1', document, createdMs: nowMs }], defaultVersion: 'v1', lastVersion: 1 },
        ...(Description !== undefined && { description: Description }),
      };
      view.policies.put(name, policy);
      const arn = entityArn(view.account.id, 'policy', policy);
      const shownTags = tags.length === 0 ? {} : { Tags: tagShapes(tags) };
      return { Policy: { ...policyShape(policy, arn, { attachments: 0, boundaries: 0 }), ...shownTags } };
    },
  }),

  reading({
    name: 'GetPolicy',
    supports: ['PolicyArn'],
    run({ view }, { PolicyArn }) {
      const policy = requirePolicy(view, PolicyArn);
      const { description, tags } = policy;
      return {
        Policy: {
          ...policyShape(policy, PolicyArn, usesIn(view)(PolicyArn)),
          ...(description !== undefined && { Description: description }),
          Tags: tagShapes(tags),
        },
      };
    },
  }),

  reading({
    name: 'ListPolicies',
    supports: ['Scope', 'OnlyAttached', 'PathPrefix', 'PolicyUsageFilter', 'Marker', 'MaxItems'],
    run({ view }, { Scope = 'All', OnlyAttached = false, PathPrefix = '/', PolicyUsageFilter, ...page }) {
      const useOf = usesIn(view);
      const all = policiesIn(view, checkChoice(Scope, { member: 'scope', choices: ['All', 'AWS', 'Local'] })).filter(
        ({ policy, arn }) => {
          const { attachments, boundaries } = useOf(arn);
          if (OnlyAttached && attachments === 0) return false;
          if (PolicyUsageFilter === 'PermissionsPolicy' && attachments === 0) return false;
          if (PolicyUsageFilter === 'PermissionsBoundary' && boundaries === 0) return false;
          return policy.path.startsWith(PathPrefix);
        },
      );
      const sortKey = ({ policy, arn }: Listed): string => `${keyOf(policy.name)} ${arn}`;
      const sorted = all.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
      const { items, rest } = pageOf(sorted, page, sortKey);
      return { Policies: items.map(({ policy, arn }) => policyShape(policy, arn, useOf(arn))), ...rest };
    },
  }),

  changing({
    name: 'DeletePolicy',
    supports: ['PolicyArn'],
    run({ view }, { PolicyArn }) {
      const policy = requireOwn(view, PolicyArn);
      const { attachments, boundaries } = usesIn(view)(PolicyArn);
      if (attachments + boundaries > 0) {
        throw new IamError('DeleteConflict', 'Cannot delete a policy attached to entities.');
      }
      if (policy.versions.length > 1) {
        throw new IamError(
          'DeleteConflict',
          "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        );
      }
      view.policies.remove(policy.name);
      return {};
    },
  }),

  changing({
    name: 'CreatePolicyVersion',
    supports: ['PolicyArn', 'PolicyDocument', 'SetAsDefault'],
    run({ view, nowMs }, { PolicyArn, PolicyDocument, SetAsDefault = false }) {
      const policy = requireOwn(view, PolicyArn);
      const document = checkManaged(PolicyDocument);
      if (policy.versions.length >= versionsMax) {
        throw new IamError(
          'LimitExceeded',
          `A managed policy can have up to ${versionsMax} versions. Before you create a new version, you must delete an existing version.`,
        );
      }
      const lastVersion = policy.lastVersion + 1;
      const version = { id: `v${lastVersion}`, document, createdMs: nowMs };
      const defaultVersion = SetAsDefault ? version.id : policy.defaultVersion;
      const versions = [...policy.versions, version];
      const changed = { ...policy, versions, lastVersion, defaultVersion, updatedMs: nowMs };
      view.policies.put(policy.name, changed);
      return { PolicyVersion: versionShape(changed, version) };
    },
  }),

  reading({
    name: 'GetPolicyVersion',
    supports: ['PolicyArn', 'VersionId'],
    run({ view }, { PolicyArn, VersionId }) {
      const policy = requirePolicy(view, PolicyArn);
      const version = requireVersion(policy, { arn: PolicyArn, id: VersionId });
      return { PolicyVersion: { Document: encodeDocument(version.document), ...versionShape(policy, version) } };
    },
  }),

  reading({
    name: 'ListPolicyVersions',
    supports: ['PolicyArn', 'Marker', 'MaxItems'],
    run({ view }, { PolicyArn, ...page }) {
      const policy = requirePolicy(view, PolicyArn);
      // The newest first.
      const sortKey = ({ id }: PolicyVersion): string => String(Number.MAX_SAFE_INTEGER - Number(id.slice(1)));
      const { items, rest } = pageOf(policy.versions.toReversed(), page, sortKey);
      return { Versions: items.map((version) => versionShape(policy, version)), ...rest };
    },
  }),

  changing({
    name: 'SetDefaultPolicyVersion',
    supports: ['PolicyArn', 'VersionId'],
    run({ view, nowMs }, { PolicyArn, VersionId }) {
      const policy = requireOwn(view, PolicyArn);
      const { id } = requireVersion(policy, { arn: PolicyArn, id: VersionId });
      view.policies.put(policy.name, { ...policy, defaultVersion: id, updatedMs: nowMs });
      return {};
    },
  }),

  changing({
    name: 'DeletePolicyVersion',
    supports: ['PolicyArn', 'VersionId'],
    run({ view }, { PolicyArn, VersionId }) {
      const policy = requireOwn(view, PolicyArn);
      const { id } = requireVersion(policy, { arn: PolicyArn, id: VersionId });
      if (id === policy.defaultVersion) {
        throw new IamError('DeleteConflict', 'Cannot delete the default version of a policy.');
      }
      view.policies.put(policy.name, { ...policy, versions: policy.versions.filter((version) => version.id !== id) });
      return {};
    },
  }),

  reading({
    name: 'ListEntitiesForPolicy',
    supports: ['PolicyArn', 'EntityFilter', 'PathPrefix', 'PolicyUsageFilter', 'Marker', 'MaxItems'],
    run({ view }, { PolicyArn, EntityFilter, PathPrefix = '/', PolicyUsageFilter, ...page }) {
      requirePolicy(view, PolicyArn);
      const has = (entity: { attached: readonly string[]; boundary?: string; path: string }): boolean => {
        if (!entity.path.startsWith(PathPrefix)) return false;
        if (PolicyUsageFilter === 'PermissionsBoundary') return entity.boundary === PolicyArn;
        return entity.attached.includes(PolicyArn);
      };
      const wants = (kind: string): boolean => EntityFilter === undefined || EntityFilter === kind;
      const found = [
        ...(wants('Group')
          ? view.groups
              .all()
              .filter(has)
              .map(({ name, id }) => ({ kind: 'group', name, id }))
          : []),
        ...(wants('Role')
          ? view.roles
              .all()
              .filter(has)
              .map(({ name, id }) => ({ kind: 'role', name, id }))
          : []),
        ...(wants('User')
          ? view.users
              .all()
              .filter(has)
              .map(({ name, id }) => ({ kind: 'user', name, id }))
          : []),
      ];
      const { items, rest } = pageOf(found, page, ({ kind, name }) => `${kind}/${keyOf(name)}`);
      const of = (kind: string) => items.filter((entity) => entity.kind === kind);
      return {
        PolicyGroups: of('group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
        PolicyUsers: of('user').map(({ name, id }) => ({ UserName: name, UserId: id })),
        PolicyRoles: of('role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
        ...rest,
      };
    },
  }),
];
