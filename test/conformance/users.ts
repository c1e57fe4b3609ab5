/**
 * Who the suite wants there to be: four accounts beside the server's own. Its `iam` user administers a user that is named
 * by `alt`'s canonical id and owns what that account owns: here `alt` is such a user of an account, and `iam` its root.
 */
import { createHash } from 'node:crypto';

interface Role {
  /** As the runner calls it. */
  readonly name: 'main' | 'alt' | 'tenant' | 'iam' | 'iam-root' | 'iam-alt-root';
  readonly accountId: string;
  readonly displayName: string;
}

const roles: readonly Role[] = [
  { name: 'main', accountId: '000000000000', displayName: 'Main' },
  { name: 'alt', accountId: '100000000001', displayName: 'Alternative' },
  { name: 'iam', accountId: '100000000001', displayName: 'Alternative' },
  { name: 'tenant', accountId: '100000000002', displayName: 'Tenant' },
  { name: 'iam-root', accountId: '100000000003', displayName: 'First' },
  { name: 'iam-alt-root', accountId: '100000000004', displayName: 'Second' },
];

const accessKeyOf = ({ name }: Role): string => `conformance-${name}`;
const secretOf = ({ name }: Role): string => `secret-of-${name}`;
const emailOf = ({ accountId }: Role): string => `a${accountId}@example.org`;
/** The server makes an account's canonical id of its number, in this way. */
const canonicalIdOf = ({ accountId }: Role): string =>
  createHash('sha256').update(`ninefold account ${accountId}`).digest('hex');

/** The accounts as the configuration has them, in JSON, which is YAML too. */
export function suiteAccounts(): readonly object[] {
  const [main, alt, ...others] = roles;
  return [
    { id: main?.accountId, displayName: main?.displayName, email: main && emailOf(main) },
    ...others.map((role) => ({
      id: role.accountId,
      displayName: role.displayName,
      email: emailOf(role),
      rootKey: { accessKeyId: accessKeyOf(role), secretAccessKey: secretOf(role) },
      users: role.name === 'iam' && alt ? [userOf(alt)] : [],
    })),
  ];
}

function userOf(role: Role): object {
  return {
    name: canonicalIdOf(role),
    policies: ['arn:aws:iam::aws:policy/AmazonS3FullAccess'],
    keys: [{ accessKeyId: accessKeyOf(role), secretAccessKey: secretOf(role) }],
  };
}

/** The runner's arguments for all of them. The root's of the two accounts are known by the number of the account. */
export function suiteArguments(main: { accessKeyId: string; secretAccessKey: string }): readonly string[] {
  return roles.flatMap((role) => {
    const key = role.name === 'main' ? main : { accessKeyId: accessKeyOf(role), secretAccessKey: secretOf(role) };
    const isRoot = role.name === 'iam-root' || role.name === 'iam-alt-root';
    const values = {
      'access-key': key.accessKeyId,
      'secret-key': key.secretAccessKey,
      'user-id': isRoot ? role.accountId : canonicalIdOf(role),
      'display-name': role.displayName,
      email: emailOf(role),
    };
    return Object.entries(values).flatMap(([name, value]) => [`--${role.name}-${name}`, value]);
  });
}
