/** What an account holds as a whole: the credential report, and all entities with their policies. */
import type { AccountView } from '../account-view.ts';
import { IamError } from '../errors.ts';
import type { Iam } from '../iam.ts';
import { entityArn, rootArn } from '../names.ts';
import { findPolicy } from '../policy-lookup.ts';
import { type AccessKeyRecord, keyOf, type PolicyHolder, type PolicyRecord } from '../records.ts';
import { reading } from './action.ts';
import { encodeDocument, fullRoleShape, fullUserShape, groupShape, policyShape } from './entities.ts';
import { profileShape, profilesOf } from './instance-profiles.ts';
import { pageOf } from './paging.ts';
import { policiesIn, usesIn, versionShape } from './policies.ts';
import { checkChoice } from './validation.ts';

/** A report of this age is made anew. */
const reportLifeMs = 4 * 60 * 60 * 1000;
const reportColumns = [
  ...['user', 'arn', 'user_creation_time', 'password_enabled', 'password_last_used', 'password_last_changed'],
  ...['password_next_rotation', 'mfa_active'],
  ...['1', '2'].flatMap((key) =>
    ['active', 'last_rotated', 'last_used_date', 'last_used_region', 'last_used_service'].map(
      (what) => `access_key_${key}_${what}`,
    ),
  ),
  ...['cert_1_active', 'cert_1_last_rotated', 'cert_2_active', 'cert_2_last_rotated'],
];
const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00');

interface Reported {
  readonly user: string;
  readonly arn: string;
  readonly createdMs: number;
  /** Of the password, whose columns the root and users fill differently. */
  readonly password: readonly string[];
  readonly keys: readonly AccessKeyRecord[];
}

function reportOf({ callers }: Iam, view: AccountView): string {
  const keysOf = (user: string | undefined) => view.accessKeys.all().filter((key) => key.user === user);
  const { account } = view;
  const rows: Reported[] = [
    {
      ...{ user: '<root_account>', arn: rootArn(account.id), createdMs: account.createdMs },
      ...{ password: ['not_supported', 'no_information', 'not_supported', 'not_supported'], keys: keysOf(undefined) },
    },
    ...view.users.all().map((user) => ({
      ...{ user: user.name, arn: entityArn(account.id, 'user', user), createdMs: user.createdMs },
      ...{ password: ['false', 'N/A', 'N/A', 'N/A'], keys: keysOf(keyOf(user.name)) },
    })),
  ];
  const keyCells = (key: AccessKeyRecord | undefined): string[] => {
    if (key === undefined) return ['false', 'N/A', 'N/A', 'N/A', 'N/A'];
    const use = callers.lastUse(key.id) ?? key.lastUse;
    const used = use === undefined ? ['N/A', 'N/A', 'N/A'] : [timeOf(use.atMs), use.region, use.service];
    return [String(key.status === 'Active'), timeOf(key.createdMs), ...used];
  };
  const lines = rows.map(({ user, arn, createdMs, password, keys: [first, second] }) => {
    const cells = [user, arn, timeOf(createdMs), ...password, 'false', ...keyCells(first), ...keyCells(second)];
    return [...cells, 'false', 'N/A', 'false', 'N/A'].join(',');
  });
  return [reportColumns.join(','), ...lines].join('\n');
}

function policyList({ inline }: PolicyHolder) {
  return Object.entries(inline).map(([PolicyName, text]) => ({ PolicyName, PolicyDocument: encodeDocument(text) }));
}

function attachedList(view: AccountView, { attached }: PolicyHolder) {
  return attached.flatMap((PolicyArn) => {
    const policy = findPolicy(view, PolicyArn);
    return policy === undefined ? [] : [{ PolicyName: policy.name, PolicyArn }];
  });
}

function userDetail(view: AccountView, user: Parameters<typeof fullUserShape>[1]) {
  return {
    ...fullUserShape(view, user),
    UserPolicyList: policyList(user),
    GroupList: user.groups.flatMap((key) => view.groups.get(key)?.name ?? []),
    AttachedManagedPolicies: attachedList(view, user),
  };
}

function groupDetail(view: AccountView, group: Parameters<typeof groupShape>[1]) {
  return {
    ...groupShape(view, group),
    GroupPolicyList: policyList(group),
    AttachedManagedPolicies: attachedList(view, group),
  };
}

function roleDetail(view: AccountView, role: Parameters<typeof fullRoleShape>[1]) {
  return {
    ...fullRoleShape(view, role),
    InstanceProfileList: profilesOf(view, role).map((profile) => profileShape(view, profile)),
    RolePolicyList: policyList(role),
    AttachedManagedPolicies: attachedList(view, role),
  };
}

function policyDetail(view: AccountView, policy: PolicyRecord, arn: string) {
  return {
    ...policyShape(policy, arn, usesIn(view)(arn)),
    ...(policy.description !== undefined && { Description: policy.description }),
    PolicyVersionList: policy.versions.toReversed().map((version) => {
      return { ...versionShape(policy, version), Document: encodeDocument(version.document) };
    }),
  };
}

const filters = ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'] as const;

/** Everything in an account that a filter lets through, in one order for its pages. */
function entitiesOf(view: AccountView, wants: (filter: (typeof filters)[number]) => boolean) {
  const useOf = usesIn(view);
  // Of AWS's own policies those that are in use.
  const policies = policiesIn(view, 'All').filter(({ arn }) => {
    const isOfAws = arn.startsWith('arn:aws:iam::aws:');
    return isOfAws ? wants('AWSManagedPolicy') && useOf(arn).attachments > 0 : wants('LocalManagedPolicy');
  });
  return [
    ...(wants('User') ? view.users.all().map((user) => ({ key: `1 ${keyOf(user.name)}`, user })) : []),
    ...(wants('Group') ? view.groups.all().map((group) => ({ key: `2 ${keyOf(group.name)}`, group })) : []),
    ...(wants('Role') ? view.roles.all().map((role) => ({ key: `3 ${keyOf(role.name)}`, role })) : []),
    ...policies.map((listed) => ({ key: `4 ${listed.arn}`, listed })).toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  ];
}

export const reportActions = [
  reading({
    name: 'GetAccountAuthorizationDetails',
    supports: ['Filter', 'MaxItems', 'Marker'],
    run({ view }, { Filter = [], ...page }) {
      const chosen = Filter.map((filter) => checkChoice<string>(filter, { member: 'filter', choices: filters }));
      const all = entitiesOf(view, (filter) => chosen.length === 0 || chosen.includes(filter));
      const { items, rest } = pageOf(all, page, ({ key }) => key);
      return {
        UserDetailList: items.flatMap((item) => ('user' in item ? [userDetail(view, item.user)] : [])),
        GroupDetailList: items.flatMap((item) => ('group' in item ? [groupDetail(view, item.group)] : [])),
        RoleDetailList: items.flatMap((item) => ('role' in item ? [roleDetail(view, item.role)] : [])),
        Policies: items.flatMap((item) =>
          'listed' in item ? [policyDetail(view, item.listed.policy, item.listed.arn)] : [],
        ),
        ...rest,
      };
    },
  }),

  reading({
    name: 'GenerateCredentialReport',
    supports: [],
    run({ iam, view, nowMs }) {
      const known = iam.credentialReports.get(view.account.id);
      if (known !== undefined && nowMs - known.madeMs < reportLifeMs) return { State: 'COMPLETE' as const };
      iam.credentialReports.set(view.account.id, { madeMs: nowMs, text: reportOf(iam, view) });
      return { State: 'STARTED' as const, Description: 'No report exists. Starting a new report generation task' };
    },
  }),
  reading({
    name: 'GetCredentialReport',
    supports: [],
    run({ iam, view, nowMs }) {
      const report = iam.credentialReports.get(view.account.id);
      if (report === undefined) throw new IamError('ReportNotPresent', 'No report has been generated.');
      if (nowMs - report.madeMs >= reportLifeMs) throw new IamError('ReportExpired', 'The report has expired.');
      return {
        Content: Buffer.from(report.text),
        ReportFormat: 'text/csv' as const,
        GeneratedTime: new Date(report.madeMs),
      };
    },
  }),
];
