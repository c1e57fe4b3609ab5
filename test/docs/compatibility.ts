/**
 * Writes `docs/compatibility.md` from the operation table and the operations there are: `node test/docs/compatibility.ts`.
 * A test generates the page in memory and compares.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { queueActions } from '../../src/events/queues/actions.ts';
import { iamActions } from '../../src/iam/api/index.ts';
import type { ServiceSchema } from '../../src/iam/model/schema.ts';
import { iamTable, snsTable, stsTable } from '../../src/iam/model/table.generated.ts';
import { stsActions } from '../../src/iam/sts/answer.ts';
import { kmsActions } from '../../src/kms/api/answer.ts';
import { operationTable } from '../../src/s3/model/table.generated.ts';
import type { OperationName } from '../../src/s3/model/types.ts';
import { absentConfigurations } from '../../src/s3/operations/absent-configurations.ts';
import { operations } from '../../src/s3/operations/index.ts';
import { commonMembers } from '../../src/s3/pipeline.ts';
import { snsActions } from '../../src/topics/answer.ts';
import { facts } from './compatibility-facts.ts';

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
`;

const controlNote = `The public access block of an account (its three operations are named here as in CloudTrail), and tags of buckets. How
clients reach them: [clients.md](clients.md#s3-control-and-terraform). All other operations of S3 Control answer \`NotImplemented\`.
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
  const supported = own.filter(isSupported);
  const filled = head.replace('SUPPORTED', String(supported.length)).replace('TOTAL', String(own.length));
  const table = facts.map(({ subject, text }) => `| ${subject} | ${text} |\n`).join('');
  return [filled + table, ...sections, `${section('S3 Control', ofControl)}\n${controlNote}`, services()].join('\n');
}

/** Whether an operation does what AWS's does, beside the reads of what no bucket has. */
export function isSupported(name: OperationName): boolean {
  return operations.has(name) && !absent.has(name);
}

/** What the other services on the port of S3 do. */
function services(): string {
  const spoken: readonly [service: string, actions: Iterable<string>, known?: ServiceSchema][] = [
    ['IAM', iamActions.keys(), iamTable],
    ['STS', stsActions.keys(), stsTable],
    ['KMS', kmsActions],
    ['SNS', snsActions.keys(), snsTable],
    ['SQS', queueActions.keys()],
  ];
  const sections = spoken.map(([service, actions, known]) => {
    const names = [...actions].toSorted();
    const total = known === undefined ? '' : ` of AWS's ${Object.keys(known.operations).length}`;
    return `### ${service}\n\n${wrap(`${names.length}${total} actions: ${names.join(', ')}.`)}\n`;
  });
  return `## Other services on the same port\n\nEvery other action is refused as unknown or \`NotImplemented\`.\n\n${sections.join('\n')}`;
}

function wrap(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length >= 120) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join('\n');
}

function section(title: string, names: readonly OperationName[]): string {
  const supported = names.filter(isSupported);
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
