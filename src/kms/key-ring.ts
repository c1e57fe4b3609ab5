/**
 * The keys that there are, kept with who there is: found by id, ARN or alias, and what is encrypted and decrypted with them.
 * Key material never leaves this file. Of keys that the server has made it is kept sealed with the server's key; of keys of
 * the configuration it is not kept at all, and comes in at every start.
 *
 * A key that was deleted is gone from the moment it is due, whether or not its record was removed by then.
 */
import { createHmac } from 'node:crypto';
import type { AccountView } from '../iam/account-view.ts';
import type { Directory } from '../iam/directory.ts';
import { type KmsAliasRecord, type KmsKeyRecord, keyByCase } from '../iam/records.ts';
import type { Sealer } from '../iam/sealing.ts';
import type { Clock } from '../lib/clock.ts';
import { randomBuffer, randomHex } from '../lib/ids.ts';
import { decrypt, type EncryptionContext, encrypt, readCiphertext } from './ciphertext.ts';
import { KmsError } from './errors.ts';

export interface KmsKey {
  readonly arn: string;
  readonly accountId: string;
  readonly record: KmsKeyRecord;
}

/** A key by the account that it is in and its id there. */
export interface KeyName {
  readonly accountId: string;
  readonly id: string;
}

/** An alias, with `alias/`, and the account that it is in. */
export interface AliasName {
  readonly accountId: string;
  readonly name: string;
}

/** A key as whoever asks for it names it, and the account of whoever does. */
export interface NamedKey {
  readonly named: string;
  readonly accountId: string;
}

export interface KeyRingOptions {
  readonly directory: Directory;
  /** Seals key material. */
  readonly sealer: Sealer;
  readonly region: string;
  readonly clock: Clock;
  /** Copies all keys to where they are found without the index. */
  readonly copy: () => Promise<unknown>;
}

/** Of key material and of data keys. */
export const keyBytes = 32;
/** Of an account: each is held in memory. */
const keysMax = 10_000;
const dayMs = 24 * 60 * 60 * 1000;
/** Alias of the key that S3 has in every account for whoever names none. */
export const s3Alias = 'alias/aws/s3';
export const aliasForm = /^alias\/[a-zA-Z0-9/_-]{1,250}$/;
export const keyIdForm = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$/;
const arnForm = /^arn:aws:kms:([a-z0-9-]+):(\d{12}):(key|alias)\/(.+)$/s;

export class KeyRing {
  readonly #options: KeyRingOptions;
  /** Material of the configuration, by account and id. */
  readonly #given = new Map<string, Buffer>();
  /** What was opened, by the record, which every change makes anew. */
  readonly #opened = new WeakMap<KmsKeyRecord, Map<number, Buffer>>();

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  arnOf({ accountId, id }: KeyName): string {
    return `arn:aws:kms:${this.#options.region}:${accountId}:key/${id}`;
  }

  aliasArnOf({ accountId, name }: AliasName): string {
    return `arn:aws:kms:${this.#options.region}:${accountId}:${name}`;
  }

  /** A key by its id or alias in an account, or by the ARN of either. Throws NotFoundException and InvalidArnException. */
  find({ named, accountId }: NamedKey): KmsKey {
    if (named.startsWith('arn:')) return this.#findByArn(named);
    if (named.startsWith('alias/')) return this.#findByAlias({ name: named, accountId });
    const key = this.#get({ accountId, id: named });
    if (key === undefined) throw new KmsError('NotFoundException', `Invalid keyId '${named}'`);
    return key;
  }

  /** A key by the ARN that is kept with what was encrypted with it, also from before the server's region changed. Throws NotFoundException. */
  stored(arn: string): KmsKey {
    const [, , accountId = '', , id = ''] = arnForm.exec(arn) ?? [];
    const key = this.#get({ accountId, id });
    if (key === undefined) throw new KmsError('NotFoundException', `Key '${arn}' does not exist`);
    return key;
  }

  /** As `find`; the key that S3 has in an account is there for whoever names it. */
  async resolve({ named, accountId }: NamedKey): Promise<KmsKey> {
    const isS3Key = named === s3Alias || named === this.aliasArnOf({ accountId, name: s3Alias });
    return isS3Key ? await this.forS3(accountId) : this.find({ named, accountId });
  }

  /** The key that S3 has in an account, made when it is first asked for. */
  async forS3(accountId: string): Promise<KmsKey> {
    const existing = this.#aliased({ name: s3Alias, accountId });
    if (existing !== undefined) return existing;
    const description = 'Default key that protects my S3 objects when no other key is defined';
    await this.#change(accountId, ({ kmsKeys, kmsAliases }) => {
      if (kmsAliases.get(keyByCase(s3Alias)) !== undefined) return;
      const record = this.newRecord({ description, origin: 'service', rotationDays: 365 });
      kmsKeys.put(keyByCase(record.id), record);
      const { id: keyId, createdMs } = record;
      kmsAliases.put(keyByCase(s3Alias), { name: s3Alias, keyId, createdMs, updatedMs: createdMs });
    });
    return this.#findByAlias({ name: s3Alias, accountId });
  }

  /** The key with new material, if it is one that gets some by itself and is due for it. */
  async rotated(key: KmsKey): Promise<KmsKey> {
    const { rotationDays, material } = key.record;
    const last = material.at(-1);
    if (rotationDays === undefined || last === undefined) return key;
    if (last.createdMs + rotationDays * dayMs > this.#options.clock.nowMs()) return key;
    return this.rotate(key);
  }

  /** The key with new material: what was encrypted before is decrypted with what it had. */
  async rotate(key: KmsKey): Promise<KmsKey> {
    const material = this.newMaterial();
    return this.change(key, (record) => ({ ...record, material: [...record.material, material] }));
  }

  /** Makes a key. Throws LimitExceededException. */
  async add(accountId: string, record: KmsKeyRecord): Promise<KmsKey> {
    await this.#change(accountId, (view) => {
      this.#removeDeleted(view);
      if (view.kmsKeys.all().length >= keysMax) {
        throw new KmsError('LimitExceededException', `An account has ${keysMax} keys at most.`);
      }
      view.kmsKeys.put(keyByCase(record.id), record);
    });
    return this.find({ named: record.id, accountId });
  }

  /** Changes a key; what `decide` throws is thrown on with nothing changed. */
  async change(
    { accountId, arn, record: { id } }: KmsKey,
    decide: (record: KmsKeyRecord) => KmsKeyRecord,
  ): Promise<KmsKey> {
    const record = await this.#change(accountId, (view) => {
      this.#removeDeleted(view);
      const before = view.kmsKeys.get(keyByCase(id));
      if (before === undefined) throw new KmsError('NotFoundException', `Key '${arn}' does not exist`);
      const after = decide(before);
      view.kmsKeys.put(keyByCase(id), after);
      return after;
    });
    return { arn, accountId, record };
  }

  aliasesOf(accountId: string): readonly KmsAliasRecord[] {
    const aliases = this.#options.directory.view(accountId)?.kmsAliases.all() ?? [];
    return aliases.filter(({ keyId }) => this.#get({ accountId, id: keyId }) !== undefined);
  }

  /** Changes an alias of an account, or removes it. What `decide` throws is thrown on with nothing changed. */
  async changeAlias(
    { accountId, name }: AliasName,
    decide: (alias: KmsAliasRecord | undefined) => KmsAliasRecord | undefined,
  ): Promise<void> {
    await this.#change(accountId, (view) => {
      this.#removeDeleted(view);
      const key = keyByCase(name);
      const after = decide(view.kmsAliases.get(key));
      if (after === undefined) view.kmsAliases.remove(key);
      else view.kmsAliases.put(key, after);
    });
  }

  /** Removes the material of keys whose time has come, in every account. */
  async sweep(): Promise<void> {
    const { directory, clock } = this.#options;
    for (const { id } of directory.accounts()) {
      const hasDeleted = directory
        .view(id)
        ?.kmsKeys.all()
        .some((record) => isDeleted(record, clock.nowMs()));
      if (hasDeleted === true) await directory.change(id, (view) => this.#removeDeleted(view));
    }
  }

  /**
   * Changes keys and aliases. It is answered once that would outlive the index: what is encrypted with a key does, and so do
   * the defaults of buckets, which name keys by aliases.
   */
  async #change<T>(accountId: string, decide: (view: AccountView) => T): Promise<T> {
    const changed = await this.#options.directory.change(accountId, decide);
    await this.#options.copy();
    return changed;
  }

  #removeDeleted({ kmsKeys, kmsAliases }: AccountView): void {
    const nowMs = this.#options.clock.nowMs();
    const deleted = new Set(kmsKeys.all().flatMap((record) => (isDeleted(record, nowMs) ? [record.id] : [])));
    for (const id of deleted) kmsKeys.remove(keyByCase(id));
    for (const { name, keyId } of kmsAliases.all()) if (deleted.has(keyId)) kmsAliases.remove(keyByCase(name));
  }

  /** In order of id. */
  ofAccount(accountId: string): readonly KmsKey[] {
    const records = this.#options.directory.view(accountId)?.kmsKeys.all() ?? [];
    return records.flatMap(({ id }) => this.#get({ accountId, id }) ?? []);
  }

  /** Material comes in whenever the server starts, in place of what the record would have. */
  give({ accountId, id }: KeyName, material: Buffer): void {
    this.#given.set(`${accountId}/${id}`, material);
  }

  /** What tells material from other material, and nothing else of it. */
  digestOf(material: Buffer): string {
    return createHmac('sha256', material).update('ninefold key material').digest('hex').slice(0, 32);
  }

  /** A key as it is when it is made, with material of its own. */
  newRecord(
    given: Pick<KmsKeyRecord, 'description' | 'origin'> &
      Partial<Pick<KmsKeyRecord, 'id' | 'policy' | 'tags' | 'rotationDays'>>,
  ): KmsKeyRecord {
    return {
      ...{ id: newKeyId(), createdMs: this.#options.clock.nowMs(), state: 'Enabled', tags: [] },
      ...given,
      material: [this.newMaterial()],
    };
  }

  newMaterial(): KmsKeyRecord['material'][number] {
    const { sealer, clock } = this.#options;
    return { sealed: sealer.seal(randomBuffer(keyBytes)).toString('base64'), createdMs: clock.nowMs() };
  }

  /** Throws DisabledException and KMSInvalidStateException for a key that cannot be used now. */
  requireUsable({ arn, record: { state } }: KmsKey): void {
    if (state === 'Disabled') throw new KmsError('DisabledException', `${arn} is disabled.`);
    if (state === 'PendingDeletion') throw new KmsError('KMSInvalidStateException', `${arn} is pending deletion.`);
  }

  /** Throws as `requireUsable`. */
  encrypt(key: KmsKey, text: Uint8Array, context: EncryptionContext): Buffer {
    this.requireUsable(key);
    const { accountId, record } = key;
    const material = Math.max(0, record.material.length - 1);
    const head = { accountId, keyId: record.id, material };
    return encrypt(text, { head, material: this.#materialOf(key, material), context });
  }

  /** A new key for data, as it is and encrypted. Throws as `requireUsable`. */
  dataKey(key: KmsKey, context: EncryptionContext): { readonly plain: Buffer; readonly encrypted: Buffer } {
    const plain = randomBuffer(keyBytes);
    return { plain, encrypted: this.encrypt(key, plain, context) };
  }

  /** The key that a text was encrypted with. Throws InvalidCiphertextException. */
  keyOf(ciphertext: Buffer): KmsKey {
    const { head } = readCiphertext(ciphertext) ?? {};
    const key = head && this.#get({ accountId: head.accountId, id: head.keyId });
    if (key === undefined) throw invalidCiphertext();
    return key;
  }

  /** Throws InvalidCiphertextException, and as `requireUsable`. */
  decrypt(ciphertext: Buffer, context: EncryptionContext): Buffer {
    const key = this.keyOf(ciphertext);
    this.requireUsable(key);
    const read = readCiphertext(ciphertext);
    const material = read && this.#materialOf(key, read.head.material);
    const plain = read && material && decrypt(read, { material, context });
    if (plain === undefined) throw invalidCiphertext();
    return plain;
  }

  #findByArn(arn: string): KmsKey {
    const [, region, accountId, kind, name] = arnForm.exec(arn) ?? [];
    if (accountId === undefined || name === undefined) throw new KmsError('InvalidArnException', `Invalid arn ${arn}`);
    if (region !== this.#options.region) throw new KmsError('NotFoundException', `Invalid arn ${region}`);
    if (kind === 'alias') return this.#findByAlias({ name: `alias/${name}`, accountId });
    const key = this.#get({ accountId, id: name });
    if (key === undefined) throw new KmsError('NotFoundException', `Key '${arn}' does not exist`);
    return key;
  }

  #findByAlias({ name, accountId }: AliasName): KmsKey {
    const key = this.#aliased({ name, accountId });
    if (key !== undefined) return key;
    throw new KmsError('NotFoundException', `Alias ${this.aliasArnOf({ accountId, name })} is not found.`);
  }

  #aliased({ name, accountId }: AliasName): KmsKey | undefined {
    const alias = this.#options.directory.view(accountId)?.kmsAliases.get(keyByCase(name));
    return alias && this.#get({ accountId, id: alias.keyId });
  }

  #get({ accountId, id }: KeyName): KmsKey | undefined {
    const record = this.#options.directory.view(accountId)?.kmsKeys.get(keyByCase(id));
    if (record === undefined || isDeleted(record, this.#options.clock.nowMs())) return undefined;
    return { arn: this.arnOf({ accountId, id }), accountId, record };
  }

  #materialOf({ arn, accountId, record }: KmsKey, place: number): Buffer {
    const given = this.#given.get(`${accountId}/${record.id}`);
    if (given !== undefined) return given;
    const opened = this.#opened.get(record) ?? new Map<number, Buffer>();
    this.#opened.set(record, opened);
    const known = opened.get(place);
    if (known !== undefined) return known;
    const kept = record.material[place];
    const material = kept && this.#options.sealer.open(Buffer.from(kept.sealed, 'base64'));
    if (material === undefined) {
      throw new KmsError(
        'KMSInvalidStateException',
        `${arn} is unavailable: this server does not have its key material.`,
      );
    }
    opened.set(place, material);
    return material;
  }
}

export function isDeleted({ state, deletionMs = Number.POSITIVE_INFINITY }: KmsKeyRecord, nowMs: number): boolean {
  return state === 'PendingDeletion' && deletionMs <= nowMs;
}

function invalidCiphertext(): KmsError {
  return new KmsError(
    'InvalidCiphertextException',
    'The ciphertext is not one of a key that is here, or was bound to another encryption context.',
  );
}

/** In the form of a UUID. */
function newKeyId(): string {
  return randomHex(16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
