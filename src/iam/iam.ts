/** Builds what knows who there is and who makes a request. */
import type { Identities } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';
import { Callers } from './callers.ts';
import { type DeclaredAccount, makeDeclared } from './declared.ts';
import { Directory } from './directory.ts';
import { canonicalIdOf } from './names.ts';
import { RefusalBook } from './policy/refusal-book.ts';
import type { AccountRecord } from './records.ts';
import { createSealer, type Sealer } from './sealing.ts';
import { OidcKeys } from './sts/oidc-keys.ts';

export interface IamOptions {
  readonly identities: Identities;
  /** The first one is the server's own. */
  readonly declared: readonly DeclaredAccount[];
  /** 32 bytes. */
  readonly serverKey: Buffer;
  readonly clock: Clock;
  /** Issuers of web identities that are spoken to without TLS. */
  readonly httpIssuers?: readonly string[];
}

export interface CredentialReport {
  readonly madeMs: number;
  /** Comma-separated values. */
  readonly text: string;
}

export interface Iam {
  readonly directory: Directory;
  readonly callers: Callers;
  /** Seals the secrets of access keys. */
  readonly secrets: Sealer;
  /** Seals session tokens. */
  readonly tokens: Sealer;
  /** Keys of issuers of web identities. */
  readonly oidcKeys: OidcKeys;
  readonly refusals: RefusalBook;
  /** Of accounts, by their numbers, until the server ends. */
  readonly credentialReports: Map<string, CredentialReport>;
}

export async function openIam(options: IamOptions): Promise<Iam> {
  const { identities, declared, serverKey, clock, httpIssuers = [] } = options;
  const directory = await Directory.open(identities, declared.map(recordOf));
  const secrets = createSealer(serverKey, 'secrets of access keys');
  const tokens = createSealer(serverKey, 'session tokens');
  const rootKeys = declared.flatMap(({ id, rootKey }) =>
    rootKey === undefined ? [] : [{ ...rootKey, accountId: id }],
  );
  const callers = new Callers({ directory, rootKeys, secrets, tokens, clock });
  const oidcKeys = new OidcKeys({ clock, httpIssuers });
  const parts = { directory, callers, secrets, tokens, oidcKeys };
  const iam: Iam = { ...parts, refusals: new RefusalBook(), credentialReports: new Map() };
  for (const account of declared) await makeDeclared(iam, account, clock.nowMs());
  return iam;
}

function recordOf({ id, displayName, email }: DeclaredAccount): AccountRecord {
  // When such an account began nobody has noted.
  const record = { id, canonicalId: canonicalIdOf(id), displayName, createdMs: 0 };
  return email === undefined ? record : { ...record, email };
}
