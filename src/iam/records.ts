/**
 * What is kept of accounts and of who is in them. Each record is one JSON document of the index, so a member that is added
 * later must be optional. Times are milliseconds since 1970; policies are JSON text as the client sent it.
 */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface AccountRecord {
  /** Twelve digits. */
  readonly id: string;
  /** 64 hex digits, as `Owner` shows it. */
  readonly canonicalId: string;
  readonly displayName: string;
  readonly email?: string;
  readonly createdMs: number;
}

/** What has policies: its own by name, and managed ones by ARN. */
export interface PolicyHolder {
  readonly name: string;
  readonly path: string;
  /** Unique for ever, e.g. `AIDA…`. */
  readonly id: string;
  readonly createdMs: number;
  readonly inline: Readonly<Record<string, string>>;
  readonly attached: readonly string[];
}

export interface UserRecord extends PolicyHolder {
  readonly tags: readonly Tag[];
  /** ARN of the managed policy that bounds what it may do. */
  readonly boundary?: string;
  /** Keys of the groups it is in. */
  readonly groups: readonly string[];
}

export type GroupRecord = PolicyHolder;

export interface RoleRecord extends PolicyHolder {
  readonly tags: readonly Tag[];
  readonly boundary?: string;
  /** Who may assume it. */
  readonly trust: string;
  readonly description?: string;
  readonly maxSessionSeconds: number;
}

export interface PolicyVersion {
  /** `v1` and so on. */
  readonly id: string;
  readonly document: string;
  readonly createdMs: number;
}

export interface PolicyRecord {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly description?: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** The oldest first. */
  readonly versions: readonly PolicyVersion[];
  readonly defaultVersion: string;
  /** Of the last version made, so that no number comes twice. */
  readonly lastVersion: number;
  readonly tags: readonly Tag[];
}

export interface KeyUse {
  readonly atMs: number;
  readonly region: string;
  readonly service: string;
}

export interface AccessKeyRecord {
  readonly id: string;
  /** Key of its user; absent for the root's. */
  readonly user?: string;
  readonly status: 'Active' | 'Inactive';
  readonly createdMs: number;
  /** The secret, sealed with the server's key. */
  readonly secret: string;
  readonly lastUse?: KeyUse;
}

/** An issuer of web identities that roles may trust. */
export interface OidcProviderRecord {
  /** Host and path, without the scheme. */
  readonly url: string;
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  readonly createdMs: number;
  readonly tags: readonly Tag[];
}

/** What an EC2 instance would take its role from; here it only says so. */
export interface InstanceProfileRecord {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly createdMs: number;
  readonly tags: readonly Tag[];
  /** Key of its role. */
  readonly role?: string;
}

/** What an account may be called instead of by its number. */
export interface AccountAliasRecord {
  readonly alias: string;
}

/** What S3 keeps the public from in all buckets of an account, whatever they say themselves. */
export interface PublicAccessBlockRecord {
  readonly blockPublicAcls: boolean;
  readonly ignorePublicAcls: boolean;
  readonly blockPublicPolicy: boolean;
  readonly restrictPublicBuckets: boolean;
}

/** Where messages of a topic go. */
export interface SubscriptionRecord {
  /** What follows the topic's ARN in its own. */
  readonly id: string;
  readonly protocol: 'http' | 'https' | 'sqs';
  /** URL, or ARN of a queue. */
  readonly endpoint: string;
  /** Account that has it. */
  readonly owner: string;
  readonly createdMs: number;
  /** Whether messages go out as they came in, without an envelope. */
  readonly isRaw: boolean;
  /** JSON; which messages go there, where not all do. */
  readonly filterPolicy?: string;
  /** What it is about; the attributes of messages where absent. */
  readonly filterScope?: 'MessageAttributes' | 'MessageBody';
  /** JSON; how often and how fast its endpoint is tried, where it says so. */
  readonly deliveryPolicy?: string;
  /** ARN of the queue that its dead letters go to. */
  readonly deadLetters?: string;
  /** Scheme and host of this server, as whoever subscribed knew it. */
  readonly origin: string;
  /** What proves that the endpoint wants the messages; absent once it has. */
  readonly token?: string;
  /** What has proved it: whoever shows that again, as a link may be visited twice, is answered as before. */
  readonly confirmedBy?: string;
  /** Whether only its owner and the topic's may end it. */
  readonly needsSignature?: boolean;
  /** Whether it was ended by its link: nobody sees it any more, and its token takes that back. */
  readonly hasEnded?: boolean;
}

/** What messages are published to. */
export interface TopicRecord {
  readonly name: string;
  readonly displayName: string;
  /** JSON; absent for the one that every topic has unless another is given. */
  readonly policy?: string;
  readonly createdMs: number;
  readonly subscriptions: readonly SubscriptionRecord[];
  /** Of its messages' signatures; 1 where absent. */
  readonly signatureVersion?: '1' | '2';
  /** JSON; how often and how fast endpoints are tried, where it says so. */
  readonly deliveryPolicy?: string;
  readonly tags?: readonly Tag[];
  /** How many there were that are no more. */
  readonly ended: number;
}

/** With what messages of topics are signed. */
export interface TopicSigningRecord {
  /** In PEM. */
  readonly certificate: string;
  /** In PEM, sealed with the server's key. */
  readonly key: string;
  readonly createdMs: number;
}

/** A queue of events that was made by API. */
export interface QueueRecord {
  readonly name: string;
  readonly visibilitySeconds: number;
  readonly createdMs: number;
  /** Attributes of SQS that it was given, by their names and with their text. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly modifiedMs?: number;
  readonly tags?: readonly Tag[];
}

/** Key material of a key of KMS, sealed with the server's key. */
export interface KmsMaterialRecord {
  readonly sealed: string;
  readonly createdMs: number;
}

/** A key of KMS that data keys are sealed under. */
export interface KmsKeyRecord {
  /** What follows `key/` in its ARN. */
  readonly id: string;
  readonly createdMs: number;
  readonly state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  /** Of one that is pending deletion: from when it is gone. */
  readonly deletionMs?: number;
  readonly description: string;
  /** Who made it: an account, a service for all who may use that, or the configuration, which then has its material. */
  readonly origin: 'account' | 'service' | 'configuration';
  /** JSON; absent for the one that every key has unless another is given. */
  readonly policy?: string;
  readonly tags: readonly Tag[];
  /** How often new material is made by itself; absent where it is not. */
  readonly rotationDays?: number;
  /** The oldest first; the last one seals. What was sealed names the place of its material here. */
  readonly material: readonly KmsMaterialRecord[];
  /** Of the configuration's material, so that other material in its place is found out. */
  readonly materialDigest?: string;
}

/** Another name of a key of KMS. */
export interface KmsAliasRecord {
  /** With `alias/`. */
  readonly name: string;
  readonly keyId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** Records by the kind under which the index keeps them. */
export interface Records {
  readonly account: AccountRecord;
  readonly user: UserRecord;
  readonly group: GroupRecord;
  readonly role: RoleRecord;
  readonly policy: PolicyRecord;
  readonly 'access-key': AccessKeyRecord;
  readonly 'oidc-provider': OidcProviderRecord;
  readonly 'instance-profile': InstanceProfileRecord;
  readonly 'account-alias': AccountAliasRecord;
  readonly 'public-access-block': PublicAccessBlockRecord;
  readonly topic: TopicRecord;
  readonly 'topic-signing': TopicSigningRecord;
  readonly queue: QueueRecord;
  readonly 'kms-key': KmsKeyRecord;
  readonly 'kms-alias': KmsAliasRecord;
}

export type Kind = keyof Records;

/** Names are told apart without regard to case. */
export function keyOf(name: string): string {
  return name.toLowerCase();
}

/** Names of topics, queues and keys of KMS are told apart by case; their digits sort as they do. */
export function keyByCase(name: string): string {
  return Buffer.from(name).toString('hex');
}
