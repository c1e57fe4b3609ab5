/**
 * KMS as the configuration has it. Keys of the configuration are made where they are missing; what becomes of them later by
 * the API stays so. Material from a file or the environment is not kept: it comes in at every start, and must be the same.
 */
import { readFileSync } from 'node:fs';
import { type Config, ConfigError } from './config.ts';
import type { Iam } from './iam/iam.ts';
import { missingPrincipal } from './iam/known-principals.ts';
import type { PolicyDocument } from './iam/policy/document.ts';
import { type KmsKeyRecord, keyByCase } from './iam/records.ts';
import { createSealer } from './iam/sealing.ts';
import { answerKms } from './kms/api/answer.ts';
import type { RingDataKeys } from './kms/data-keys.ts';
import { KeyRing, keyBytes } from './kms/key-ring.ts';
import { type ObjectKeys, objectKeys } from './kms/object-keys.ts';
import type { Clock } from './lib/clock.ts';
import type { KmsApiOptions } from './s3/kms/kms-api.ts';

interface Parts {
  readonly iam: Iam;
  readonly serverKey: Buffer;
  /** Of the engine. */
  readonly dataKeys: RingDataKeys;
  readonly clock: Clock;
  /** As the key ring's. */
  readonly copy: () => Promise<unknown>;
}

type KeySetting = Config['encryption']['kms']['keys'][number];

/** A key of the configuration, where it is in it, and what it is made of. */
interface GivenKey {
  readonly setting: KeySetting;
  readonly accountId: string;
  readonly place: string;
  /** Absent for a key whose material the server makes. */
  readonly material: Buffer | undefined;
}

/** KMS, for its own clients and for S3. */
export interface OpenKms {
  readonly answer: KmsApiOptions['answer'];
  readonly objectKeys: ObjectKeys;
}

/** Throws ConfigError for keys that cannot be as the configuration has them. */
export async function openKms(config: Config, parts: Parts): Promise<OpenKms> {
  const { iam, clock, dataKeys } = parts;
  const ring = await openKeyRing(config, parts);
  dataKeys.connect(ring);
  return {
    objectKeys: objectKeys(ring, { iam, region: config.region }),
    answer: (caller, { action, input }) => {
      const missing = (policy: PolicyDocument) => missingPrincipal(policy, (id) => iam.directory.view(id));
      return answerKms({ ring, iam, caller, nowMs: clock.nowMs(), missingPrincipal: missing }, action, input);
    },
  };
}

async function openKeyRing(config: Config, { iam, serverKey, clock, copy }: Omit<Parts, 'dataKeys'>): Promise<KeyRing> {
  const { directory } = iam;
  const sealer = createSealer(serverKey, 'key material of KMS');
  const ring = new KeyRing({ directory, sealer, region: config.region, clock, copy });
  await ring.sweep();
  let hasNew = false;
  for (const [at, setting] of config.encryption.kms.keys.entries()) {
    const accountId = setting.account ?? config.accountId;
    const place = `${config.placeOf(['encryption', 'kms', 'keys', at])}: encryption.kms.keys: ${setting.id}`;
    const given = { setting, accountId, place, material: materialOf(config, setting, place) };
    if (directory.view(accountId) === undefined) throw new ConfigError(`${place}: there is no account ${accountId}`);
    if (given.material !== undefined) ring.give({ accountId, id: setting.id }, given.material);
    if (await declare(iam, ring, given)) hasNew = true;
  }
  if (hasNew) await copy();
  return ring;
}

/** Makes a key of the configuration where it is missing. False if there was nothing to be done. */
async function declare(
  { directory }: Iam,
  ring: KeyRing,
  { setting, accountId, place, material }: GivenKey,
): Promise<boolean> {
  const { id, alias } = setting;
  const digest = material && ring.digestOf(material);
  const known = directory.view(accountId)?.kmsKeys.get(keyByCase(id));
  if (known !== undefined) requireSame(known, { digest, place });
  const name = alias === undefined ? undefined : `alias/${alias}`;
  const isNamed = name === undefined || directory.view(accountId)?.kmsAliases.get(keyByCase(name)) !== undefined;
  if (known !== undefined && isNamed) return false;
  await directory.change(accountId, ({ kmsKeys, kmsAliases }) => {
    const made =
      known ?? ring.newRecord({ id, description: '', origin: digest === undefined ? 'account' : 'configuration' });
    if (known === undefined) {
      kmsKeys.put(keyByCase(id), digest === undefined ? made : { ...made, material: [], materialDigest: digest });
    }
    if (isNamed) return;
    kmsAliases.put(keyByCase(name), { name, keyId: id, createdMs: made.createdMs, updatedMs: made.createdMs });
  });
  return true;
}

/** With other material nothing could be read that was encrypted with the key. */
function requireSame(
  { materialDigest }: KmsKeyRecord,
  { digest, place }: { digest: string | undefined; place: string },
): void {
  if (digest === materialDigest) return;
  const was = materialDigest === undefined ? 'made by the server' : 'other material';
  const is = digest === undefined ? 'none is given' : 'this is given';
  throw new ConfigError(
    `${place}: the key was made of ${was}, and now ${is}: what it has encrypted could not be read. Give the key what it had, or another id to a new one`,
  );
}

function materialOf({ keyMaterial }: Config, { file, environment }: KeySetting, place: string): Buffer | undefined {
  if (file !== undefined) return parseMaterial(readKeyFile({ file, place }), `${place}: file ${file}`);
  if (environment === undefined) return undefined;
  const text = keyMaterial[environment];
  if (text === undefined) throw new ConfigError(`${place}: environment variable ${environment} is not set`);
  return parseMaterial(Buffer.from(text), `${place}: environment variable ${environment}`);
}

function readKeyFile({ file, place }: { file: string; place: string }): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError(`${place}: file ${file} cannot be read: ${String(error)}`, { cause: error });
  }
}

function parseMaterial(bytes: Buffer, place: string): Buffer {
  if (bytes.length === keyBytes) return bytes;
  const text = bytes.toString('latin1').trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return Buffer.from(text, 'base64');
  throw new ConfigError(`${place} must hold 32 bytes: as they are, as 64 hex digits or in base64`);
}
