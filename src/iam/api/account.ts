/** The account in figures, and what no account here has: consoles' passwords, certificates and devices. */
import { IamError } from '../errors.ts';
import { invalid } from '../model/decode.ts';
import { changing, reading } from './action.ts';
import { missing, ownUser, requireUser } from './entities.ts';

const none = { IsTruncated: false };
const aliasPattern = /^[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]$/;
const noPasswordPolicy = 'The Password Policy with domain name cannot be found.';

export const accountActions = [
  reading({
    name: 'GetAccountSummary',
    supports: [],
    run({ view }) {
      const { users, groups, roles, policies, accessKeys, oidcProviders, instanceProfiles } = view;
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
          InstanceProfiles: instanceProfiles.all().length,
          InstanceProfilesQuota: 1000,
          Providers: oidcProviders.all().length,
          GlobalEndpointTokenVersion: 2,
        },
      };
    },
  }),

  changing({
    name: 'CreateAccountAlias',
    supports: ['AccountAlias'],
    run({ view, iam }, { AccountAlias: alias }) {
      if (!aliasPattern.test(alias)) {
        throw invalid(
          { member: 'accountAlias', value: alias },
          'Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$',
        );
      }
      const isTaken = iam.directory.accounts().some(({ id }) => iam.directory.view(id)?.aliases.get(alias));
      if (isTaken) throw new IamError('EntityAlreadyExists', `The account alias ${alias} already exists.`);
      // A new one takes the place of the old one.
      for (const known of view.aliases.all()) view.aliases.remove(known.alias);
      view.aliases.put(alias, { alias });
      return {};
    },
  }),
  changing({
    name: 'DeleteAccountAlias',
    supports: ['AccountAlias'],
    run({ view }, { AccountAlias: alias }) {
      if (view.aliases.get(alias)?.alias !== alias) missing(`The account alias ${alias} cannot be found.`);
      view.aliases.remove(alias);
      return {};
    },
  }),
  reading({
    name: 'ListAccountAliases',
    supports: ['Marker', 'MaxItems'],
    run: ({ view }) => ({ AccountAliases: view.aliases.all().map(({ alias }) => alias), ...none }),
  }),

  reading({ name: 'GetAccountPasswordPolicy', supports: [], run: () => missing(noPasswordPolicy) }),
  reading({ name: 'DeleteAccountPasswordPolicy', supports: [], run: () => missing(noPasswordPolicy) }),

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
    name: 'ListServerCertificates',
    supports: ['PathPrefix', 'Marker', 'MaxItems'],
    run: () => ({ ServerCertificateMetadataList: [], ...none }),
  }),
  reading({ name: 'ListSAMLProviders', supports: [], run: () => ({ SAMLProviderList: [] }) }),
];
