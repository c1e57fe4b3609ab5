/** The accounts that the configuration declares, as the identities take them. */
import { type Config, ConfigError } from './config.ts';
import type { RootKey } from './data-folder.ts';
import type { DeclaredAccount } from './iam/declared.ts';

/** The server's own account first. Throws ConfigError for an account or a key that is there twice. */
export function declaredAccounts(
  { accountId: id, displayName, accounts }: Config,
  rootKey: RootKey,
): DeclaredAccount[] {
  const own = accounts.find((account) => account.id === id);
  if (own?.rootKey !== undefined) throw new ConfigError(`accounts: the key of account ${id} is the setting rootKey`);
  const ids = accounts.map((account) => account.id);
  const twice = ids.find((one, at) => ids.indexOf(one) !== at);
  if (twice !== undefined) throw new ConfigError(`accounts: account ${twice} is there twice`);
  refuseKeysGivenTwice(accounts, rootKey);
  const others = accounts.filter((account) => account !== own);
  return [
    { ...own, id, displayName: own?.displayName ?? displayName, rootKey },
    ...others.map((account) => ({ ...account, displayName: account.displayName ?? account.id })),
  ];
}

/** A key id says who asks, so it can stand for one only. As the index keeps them, they differ by more than the case of letters. */
function refuseKeysGivenTwice(accounts: Config['accounts'], ownKey: RootKey): void {
  const given = accounts.flatMap(({ rootKey, users }) => [rootKey ?? [], users.flatMap(({ keys }) => keys)].flat());
  const seen = new Set<string>();
  for (const { accessKeyId } of [ownKey, ...given]) {
    const folded = accessKeyId.toLowerCase();
    if (seen.has(folded)) throw new ConfigError(`accounts: the access key id ${accessKeyId} is there twice`);
    seen.add(folded);
  }
}
