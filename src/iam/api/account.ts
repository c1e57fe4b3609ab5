/** The account in figures, and what no account here has: consoles' passwords, certificates, devices and profiles. */
import { reading } from './action.ts';
import { missing, ownUser, requireRole, requireUser } from './entities.ts';

const none = { IsTruncated: false };

export const accountActions = [
  reading({
    name: 'GetAccountSummary',
    supports: [],
    run({ view }) {
      const { users, groups, roles, policies, accessKeys, oidcProviders } = view;
      const versions = policies.all().reduce((sum, policy) => sum + policy.versions.length, 0);
      return {
        SummaryMap: {
          Users: users.all().length,
          UsersQuota: 5000,
          Groups: groups.all().length,
          GroupsQuota: 300,
          Roles: roles.all().length,
          RolesQuota: 1000,
          Policies: policies.all().length,
          PoliciesQuota: 1500,
          PolicyVersionsInUse: versions,
          PolicyVersionsInUseQuota: 10_000,
          VersionsPerPolicyQuota: 5,
          PolicySizeQuota: 6144,
          UserPolicySizeQuota: 2048,
          GroupPolicySizeQuota: 5120,
          RolePolicySizeQuota: 10_240,
          AssumeRolePolicySizeQuota: 2048,
          AccessKeysPerUserQuota: 2,
          GroupsPerUserQuota: 10,
          AttachedPoliciesPerUserQuota: 10,
          AttachedPoliciesPerGroupQuota: 10,
          AttachedPoliciesPerRoleQuota: 10,
          AccountAccessKeysPresent: accessKeys.all().some(({ user }) => user === undefined) ? 1 : 0,
          AccountMFAEnabled: 0,
          AccountSigningCertificatesPresent: 0,
          MFADevices: 0,
          MFADevicesInUse: 0,
          SigningCertificatesPerUserQuota: 2,
          ServerCertificates: 0,
          ServerCertificatesQuota: 20,
          InstanceProfiles: 0,
          InstanceProfilesQuota: 1000,
          Providers: oidcProviders.all().length,
          GlobalEndpointTokenVersion: 2,
        },
      };
    },
  }),

  reading({ name: 'ListAccountAliases', supports: [], run: () => ({ AccountAliases: [], ...none }) }),

  reading({
    name: 'GetLoginProfile',
    supports: ['UserName'],
    run(call, { UserName }) {
      const user = UserName === undefined ? ownUser(call) : requireUser(call.view, UserName);
      return missing(`Login Profile for User ${user?.name ?? ''} cannot be found.`);
    },
  }),
  reading({
    name: 'DeleteLoginProfile',
    supports: ['UserName'],
    run(call, { UserName }) {
      const user = UserName === undefined ? ownUser(call) : requireUser(call.view, UserName);
      return missing(`Login Profile for User ${user?.name ?? ''} cannot be found.`);
    },
  }),
  reading({
    name: 'ListMFADevices',
    supports: ['UserName', 'Marker', 'MaxItems'],
    run({ view }, { UserName }) {
      if (UserName !== undefined) requireUser(view, UserName);
      return { MFADevices: [], ...none };
    },
  }),
  reading({
    name: 'ListVirtualMFADevices',
    supports: ['AssignmentStatus', 'Marker', 'MaxItems'],
    run: () => ({ VirtualMFADevices: [], ...none }),
  }),
  reading({
    name: 'ListSSHPublicKeys',
    supports: ['UserName', 'Marker', 'MaxItems'],
    run({ view }, { UserName }) {
      if (UserName !== undefined) requireUser(view, UserName);
      return { SSHPublicKeys: [], ...none };
    },
  }),
  reading({
    name: 'ListSigningCertificates',
    supports: ['UserName', 'Marker', 'MaxItems'],
    run({ view }, { UserName }) {
      if (UserName !== undefined) requireUser(view, UserName);
      return { Certificates: [], ...none };
    },
  }),
  reading({
    name: 'ListServiceSpecificCredentials',
    supports: ['UserName', 'ServiceName', 'AllUsers', 'Marker', 'MaxItems'],
    run({ view }, { UserName }) {
      if (UserName !== undefined) requireUser(view, UserName);
      return { ServiceSpecificCredentials: [], ...none };
    },
  }),
  reading({
    name: 'ListInstanceProfilesForRole',
    supports: ['RoleName', 'Marker', 'MaxItems'],
    run({ view }, { RoleName }) {
      requireRole(view, RoleName);
      return { InstanceProfiles: [], ...none };
    },
  }),
  reading({
    name: 'ListInstanceProfiles',
    supports: ['PathPrefix', 'Marker', 'MaxItems'],
    run: () => ({ InstanceProfiles: [], ...none }),
  }),
  reading({
    name: 'ListServerCertificates',
    supports: ['PathPrefix', 'Marker', 'MaxItems'],
    run: () => ({ ServerCertificateMetadataList: [], ...none }),
  }),
  reading({ name: 'ListSAMLProviders', supports: [], run: () => ({ SAMLProviderList: [] }) }),
];
