/**
 * What `docs/compatibility.md` says in sentences. Each names what it rests on, so that the page cannot be written while a
 * sentence claims what is not there, or denies what is.
 */
import type { z } from 'zod';
import type { eventsSchema } from '../../src/config-events.ts';
import { checksumAlgorithms } from '../../src/lib/digests/algorithms.ts';
import type { OperationName } from '../../src/s3/model/types.ts';

export interface Fact {
  readonly subject: string;
  readonly text: string;
  /** Operations that this says are supported. */
  readonly has?: readonly OperationName[];
  /** Operations that this says are not. */
  readonly lacks?: readonly OperationName[];
}

type TargetKind = Exclude<keyof z.infer<typeof eventsSchema>['targets'][number], 'arn'>;

/** How each kind of target is called; the compiler wants a name for every kind that the configuration knows. */
const targetNames: Readonly<Record<TargetKind, string>> = {
  webhook: 'signed webhooks',
  sqs: 'SQS',
  sns: 'SNS',
  lambda: 'Lambda',
  eventBridge: 'EventBridge',
  amqp: 'AMQP 0-9-1 (RabbitMQ)',
  kafka: 'Kafka',
  nats: 'NATS',
  mqtt: 'MQTT',
  redis: 'Redis',
  postgres: 'PostgreSQL',
  queue: 'queues on this port that clients of SQS fetch from',
};

function listed(names: readonly string[]): string {
  return names.join(', ').replace(/, (?=[^,]*$)/, ' and ');
}

const algorithms = checksumAlgorithms.join(', ');

export const facts: readonly Fact[] = [
  {
    subject: 'Addressing',
    text: 'path style; virtual-host style for `*.localhost`, `*.s3.localhost` and the configured `domains`',
  },
  {
    subject: 'Transport',
    text: 'HTTP/1.1, plain or by TLS 1.2 and 1.3, not both on one port ([operating.md](operating.md#tls))',
  },
  {
    subject: 'Authentication',
    text: 'Signature Version 4 in the `Authorization` header or in a presigned URL, and none for what anybody may do; Version 2 by a setting (`signatureVersion2`). Not Version 4A (ECDSA)',
    lacks: ['CreateSession'],
  },
  {
    subject: 'Browsers',
    text: "CORS as AWS evaluates it, on preflights and on every answer, errors included; uploads by a form (POST Object, which AWS's model does not list) with every condition that AWS has ([clients.md](clients.md#browsers))",
    has: ['PutBucketCors'],
  },
  {
    subject: 'Bodies',
    text: 'plain, signed by their hash or unsigned; `aws-chunked` with signed chunks, with signed or with unsigned trailers',
  },
  {
    subject: 'Checksums',
    text: `${algorithms}: checked when sent, CRC64NVME computed when none is, stored and listed. \`Content-MD5\` is checked`,
  },
  {
    subject: 'Identities',
    text: 'accounts with users, groups, roles and policies, by the APIs of IAM and STS on the same port ([identities.md](identities.md))',
  },
  {
    subject: 'Policies',
    text: "AWS's language whole, decided in AWS's order ([access.md](access.md)). Conditions on access points, VPCs and organisations find no value",
    has: ['PutBucketPolicy', 'PutBucketAbac'],
  },
  {
    subject: 'ACLs',
    text: 'canned ones, grants and documents, as Object Ownership and public access blocks have it. On new buckets they are disabled, as at AWS; `bucketDefaults: legacy` enables them',
    has: ['PutBucketAcl', 'PutObjectAcl', 'PutBucketOwnershipControls', 'PutPublicAccessBlock'],
  },
  {
    subject: 'Encryption',
    text: 'SSE-S3, SSE-KMS, DSSE-KMS and SSE-C, with defaults of buckets ([encryption.md](encryption.md)) and keys made by the API of KMS on the same port ([kms.md](kms.md)). SSE-C is taken without TLS too, which AWS refuses',
    has: ['PutBucketEncryption'],
  },
  {
    subject: 'Object lock',
    text: 'retention in both modes, legal holds and defaults of buckets ([object-lock.md](object-lock.md)). Event holds answer `NotImplemented`',
    has: ['PutObjectLockConfiguration', 'PutObjectRetention', 'PutObjectLegalHold'],
  },
  {
    subject: 'Annotations',
    text: 'of objects, with their events; not replicated ([annotations.md](annotations.md))',
    has: ['PutObjectAnnotation', 'GetObjectAnnotation', 'ListObjectAnnotations', 'DeleteObjectAnnotation'],
  },
  {
    subject: 'Storage classes',
    text: 'kept by name, EXPRESS_ONEZONE in any bucket; how each is coded and on which disks it lies is configured (`store.schemes`, `store.groups`). Objects in archives are restored before they are read ([storage-classes.md](storage-classes.md)); INTELLIGENT_TIERING has its access tiers ([intelligent-tiering.md](intelligent-tiering.md))',
    has: ['RestoreObject', 'PutBucketIntelligentTieringConfiguration'],
    lacks: ['ListDirectoryBuckets'],
  },
  {
    subject: 'Lifecycle',
    text: 'rules that expire versions and delete markers, abort uploads and move versions to other storage classes ([lifecycle.md](lifecycle.md))',
    has: ['PutBucketLifecycleConfiguration'],
  },
  {
    subject: 'Replication',
    text: 'to buckets of this server and of others: another Ninefold, MinIO, AWS or any server of S3 ([replication.md](replication.md))',
    has: ['PutBucketReplication'],
  },
  {
    subject: 'Events',
    text: `notification configurations whose topics, queues, functions and bus are targets that the configuration names (${listed(Object.values(targetNames))}), topics that SNS's API makes on the same port, or queues that SQS's API makes there ([events.md](events.md))`,
    has: ['PutBucketNotificationConfiguration'],
  },
  {
    subject: 'Logs and reports',
    text: "server access logs ([access-logs.md](access-logs.md)); inventory in CSV and Parquet, ORC answers `NotImplemented` ([inventory.md](inventory.md)); storage class analysis ([analytics.md](analytics.md)); request metrics by CloudWatch's names, filters by access point answer `NotImplemented` ([metrics.md](metrics.md))",
    has: [
      'PutBucketLogging',
      'PutBucketInventoryConfiguration',
      'PutBucketAnalyticsConfiguration',
      'PutBucketMetricsConfiguration',
    ],
  },
  {
    subject: 'Not there',
    text: 'website hosting, transfer acceleration, S3 Select, Object Lambda, torrents, directory buckets, access points and metadata tables',
    lacks: [
      ...(['PutBucketWebsite', 'PutBucketAccelerateConfiguration', 'SelectObjectContent'] as const),
      ...(['WriteGetObjectResponse', 'GetObjectTorrent', 'ListDirectoryBuckets', 'RenameObject'] as const),
      ...(['CreateBucketMetadataConfiguration'] as const),
    ],
  },
];

/** What the facts claim and deny against what there is, in words; empty where all is right. */
export function findFalseFacts(isSupported: (name: OperationName) => boolean): readonly string[] {
  return facts.flatMap(({ subject, has = [], lacks = [] }) => [
    ...has.filter((name) => !isSupported(name)).map((name) => `${subject}: ${name} is not supported`),
    ...lacks.filter(isSupported).map((name) => `${subject}: ${name} is supported by now`),
  ]);
}
