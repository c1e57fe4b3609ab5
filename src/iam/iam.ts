/** Builds what knows who there is and who makes a request. */
import type { Identities } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';
import { Callers } from './callers.ts';
import { Directory } from './directory.ts';
import { canonicalIdOf } from './names.ts';
import type { AccountRecord } from './records.ts';
import { createSealer, type Sealer } from './sealing.ts';

/** An account of the configuration: there as long as it is written there. */
export interface DeclaredAccount {
  readonly id: string;
  readonly displayName: string;
  readonly email?: string | undefined;
  readonly rootKey?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

export interface IamOptions {
  readonly identities: Identities;
  /** The first one is the server's own. */
  readonly declared: readonly DeclaredAccount[];
  /** 32 bytes. */
  readonly serverKey: Buffer;
  readonly clock: Clock;
}

export interface Iam {
  readonly directory: Directory;
  readonly callers: Callers;
  /** Seals the secrets of access keys. */
  readonly secrets: Sealer;
  /** Seals session tokens. */
  readonly tokens: Sealer;
}

export async function openIam({ identities, declared, serverKey, clock }: IamOptions): Promise<Iam> {
  const directory = await Directory.open(identities, declared.map(recordOf));
  const secrets = createSealer(serverKey, 'secrets of access keys');
  const tokens = createSealer(serverKey, 'session tokens');
  const rootKeys = declared.flatMap(({ id, rootKey }) =>
    rootKey === undefined ? [] : [{ ...rootKey, accountId: id }],
  );
  const callers = new Callers({ directory, rootKeys, secrets, tokens, clock });
  return { directory, callers, secrets, tokens };
}

function recordOf({ id, displayName, email }: DeclaredAccount): AccountRecord {
  // When such an account began nobody has noted.
  const record = { id, canonicalId: canonicalIdOf(id), displayName, createdMs: 0 };
  return email === undefined ? record : { ...record, email };
}
