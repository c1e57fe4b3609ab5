/**
 * Writes `docs/compatibility.md` from the operation table and the operations there are: `node test/docs/compatibility.ts`.
 * A test generates the page in memory and compares.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checksumAlgorithms } from '../../src/lib/digests/algorithms.ts';
import { operationTable } from '../../src/s3/model/table.generated.ts';
import type { OperationName } from '../../src/s3/model/types.ts';
import { absentConfigurations } from '../../src/s3/operations/absent-configurations.ts';
import { operations } from '../../src/s3/operations/index.ts';
import { commonMembers } from '../../src/s3/pipeline.ts';

export const compatibilityPage = fileURLToPath(new URL('../../docs/compatibility.md', import.meta.url));

interface Group {
  readonly title: string;
  /** What belongs here of all that the groups before have left. */
  readonly holds: RegExp;
}

const groups: readonly Group[] = [
  { title: 'Buckets', holds: /^((Create|Delete|Head)Bucket|ListBuckets|GetBucketLocation)$/ },
  { title: 'Objects', holds: /^((Get|Head|Put|Copy|Delete)Object|DeleteObjects|GetObjectAttributes)$/ },
  { title: 'Multipart uploads', holds: /MultipartUpload|^UploadPart|^ListParts$/ },
  { title: 'Listing', holds: /^ListObjects/ },
  { title: 'Versioning', holds: /Versioning$|^ListObjectVersions$/ },
  { title: 'Tagging', holds: /Tagging$/ },
  { title: 'Access control', holds: /Acl$|Policy|PublicAccessBlock$|OwnershipControls$|Abac$|RequestPayment$/ },
  { title: 'Encryption', holds: /Encryption$/ },
  { title: 'Object lock', holds: /ObjectLock|LegalHold$|Retention$/ },
  { title: 'Lifecycle and archives', holds: /Lifecycle|IntelligentTiering|^RestoreObject$/ },
  { title: 'Replication', holds: /Replication$/ },
  { title: 'Events, logs and reports', holds: /Notification|Logging$|Metrics|Inventory(?!Table)|Analytics/ },
  { title: 'Websites and CORS', holds: /Website$|Cors$|Accelerate/ },
  { title: 'Annotations and metadata tables', holds: /Annotation|Metadata/ },
  { title: 'The rest', holds: /./ },
];

const head = `# Compatibility

Written by \`npm run generate\` from the code; a test fails where the two differ. SUPPORTED of the TOTAL operations in
AWS's model of S3 are supported. The others are recognised and answer \`501 NotImplemented\`, and so does a supported
operation that is sent a member it does not honour: nothing of the model is accepted and ignored. Reads of what
cannot be set (\`none\` below) answer that there is none, as AWS does. Members are named as in AWS's
API reference. Headers and parameters that the model does not list for an operation mean nothing, as on AWS.

| | |
|---|---|
| Addressing | path style; virtual-host style for \`*.localhost\`, \`*.s3.localhost\` and the configured domains |
| Authentication | Signature Version 4 in the \`Authorization\` header or in a presigned URL, and none for what anybody may do; Signature Version 2 by a setting (\`signatureVersion2\`). Not Version 4A (ECDSA) |
| Browser forms | POST Object, signed by a policy of Version 4 (or 2, by the same setting) or by nobody, with every condition that AWS has ([clients.md](clients.md#uploads-by-a-form)). AWS's model does not list it, so the count does not |
| Browsers | CORS as AWS evaluates and answers it, on preflights and on every answer, errors included |
| Bodies | plain, signed by their hash or unsigned; \`aws-chunked\` with signed chunks, with signed or with unsigned trailers |
| Checksums | ALGORITHMS: checked when sent, CRC64NVME computed when none is, stored and listed. \`Content-MD5\` is checked |
| ACLs | canned ones, grants and documents, on buckets and versions, as Object Ownership and the public access blocks of the bucket and its account have it. On a new bucket they are disabled, as on AWS's new ones; \`bucketDefaults: legacy\` makes buckets on which they work. Grantees are accounts, by canonical id, number or e-mail address, the groups and anonymous callers |
| Storage classes | kept by name, EXPRESS_ONEZONE in any bucket; how each is coded and on which disks it lies is configured (\`store.schemes\`, \`store.groups\`), and by default they are stored alike; objects in archives are restored before they are read ([storage-classes.md](storage-classes.md)); those of INTELLIGENT_TIERING have access tiers, with opt-in archive tiers ([intelligent-tiering.md](intelligent-tiering.md)) |
| Identities | accounts with users, groups, roles and policies, by the APIs of IAM and STS on the same port ([identities.md](identities.md)); anonymous callers may do what ACLs and policies of buckets grant, and read public buckets |
| Policies | AWS's language whole, of identities, buckets, boundaries, sessions and roles, in AWS's order ([access.md](access.md)). Conditions on tags of buckets find them where ABAC is enabled; those on access points, VPCs and organisations find no value |
| Lifecycle | rules that expire versions and delete markers, abort uploads and move versions to other storage classes ([lifecycle.md](lifecycle.md)) |
| Events | notification configurations with topics, queues, functions and the event bus, each a target of the server's configuration, or a topic made by SNS's API on the same port; targets are webhooks, queues of SQS, topics of SNS, functions of Lambda and buses of EventBridge at AWS or elsewhere, and queues on this port that clients of SQS fetch from ([events.md](events.md)) |
| Inventory | daily and weekly reports in CSV and Parquet, with all fields ([inventory.md](inventory.md)); encrypted by the server's key or one of KMS; ORC answers \`NotImplemented\` |
| Analytics | storage class analysis, exported each day as CSV with AWS's columns ([analytics.md](analytics.md)) |
| Metrics | configurations with filters by prefix and tag, and request metrics by CloudWatch's names at \`/-/metrics\` and \`/-/metrics.json\` ([metrics.md](metrics.md)); filters by access point answer \`NotImplemented\` |
| Encryption | SSE-S3, SSE-KMS, DSSE-KMS and SSE-C ([encryption.md](encryption.md)), with keys of KMS, made by its API on the same port ([kms.md](kms.md)), and defaults of buckets; SSE-C is taken without TLS too, which AWS refuses |
| Object lock | retention in both modes, legal holds and defaults of buckets, on new buckets and on those that are there ([object-lock.md](object-lock.md)); event holds answer \`NotImplemented\` |
| Replication | to buckets of this server and of others, by AWS's rules ([replication.md](replication.md)) |
| Transport | HTTP/1.1, plain or with TLS 1.2 and 1.3 ([operating.md](operating.md#tls)) |
`;

const controlNote = `The public access block of an account (its three operations are named here as in CloudTrail), and tags of buckets. A request
is taken for one of S3 Control where its path begins with \`/v20180820/\` and its header \`x-amz-account-id\` names an account. The SDKs put the
account's number before the host of an endpoint, so that must be a name below which all names lead to the server: \`localhost\` on most
systems, or a domain with a wildcard record. All other operations answer \`NotImplemented\`.
`;

/** The text of `docs/compatibility.md`. */
export function generateCompatibility(): string {
  // The keys of a record of all operation names are operation names.
  const all = Object.keys(operationTable) as OperationName[];
  const ofControl = all.filter((name) => operationTable[name].target === 'account');
  const own = all.filter((name) => !ofControl.includes(name));
  let rest = own;
  const sections = groups.map(({ title, holds }) => {
    const names = rest.filter((name) => holds.test(name));
    rest = rest.filter((name) => !holds.test(name));
    return section(title, names);
  });
  const algorithms = checksumAlgorithms.join(', ');
  const supported = own.filter((name) => operations.has(name) && !absent.has(name));
  const counts = { SUPPORTED: String(supported.length), TOTAL: String(own.length) };
  const facts = { ...counts, ALGORITHMS: algorithms };
  const filled = Object.entries(facts).reduce((text, [name, value]) => text.replace(name, value), head);
  return [filled, ...sections, `${section('S3 Control', ofControl)}\n${controlNote}`].join('\n');
}

function section(title: string, names: readonly OperationName[]): string {
  const supported = names.filter((name) => operations.has(name) && !absent.has(name));
  const none = names.filter((name) => absent.has(name));
  const missing = names.filter((name) => !operations.has(name));
  const rows = [
    ...supported.map((name) => `| ${name} | yes | ${notHonoured(name).join(', ') || '–'} |`),
    ...none.map((name) => `| ${name} | none | – |`),
    ...missing.map((name) => `| ${name} | \`NotImplemented\` | all |`),
  ];
  const columns = '| operation | supported | members that answer `NotImplemented` |\n|---|---|---|';
  return `## ${title}\n\n${columns}\n${rows.join('\n')}\n`;
}

/** Reads of what no bucket has. */
const absent: ReadonlySet<OperationName> = new Set(absentConfigurations.map(({ name }) => name));

/** Members of the input that are refused where a client sends them. */
function notHonoured(name: OperationName): readonly string[] {
  const supports: readonly string[] = operations.get(name)?.supports ?? [];
  const honoured = new Set([...commonMembers, ...supports]);
  const members = operationTable[name].input.members.filter(({ type }) => type !== 'stream');
  return members.map((member) => member.name).filter((member) => !honoured.has(member));
}

if (import.meta.main) writeFileSync(compatibilityPage, generateCompatibility());
