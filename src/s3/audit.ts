/**
 * The audit log of administrative acts: who did what to whom there is and to how buckets are, one record an act, in the form of
 * AWS's CloudTrail, written before the act is answered. Secrets are left out. What is done to objects is not in it, nor what
 * is only read.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
import type { Identity } from '../iam/identity.ts';
import type { Clock } from '../lib/clock.ts';
import { randomHex } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Exchange } from './exchange.ts';
import { operationTable } from './model/table.generated.ts';

/** Services beside S3. */
type ServiceName = 'iam' | 'kms' | 'sns' | 'sqs' | 'sts';

export interface AuditEvent {
  /** `ninefold` for the operator's interface. */
  readonly service: ServiceName | 's3' | 'ninefold';
  /** Operation, action, or of the operator's interface method and path. */
  readonly name: string;
  readonly identity: Identity;
  readonly accessKeyId?: string | undefined;
  readonly sourceAddress: string | undefined;
  /** As decoded; undefined where the request was refused before that. */
  readonly parameters?: object | undefined;
  readonly response?: object | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

export interface AuditTrail {
  /** Resolves once the act is on disk, or, where that cannot be, in the server's log. Never rejects. */
  note(exchange: Exchange, event: AuditEvent): Promise<void>;
}

export interface AuditTrailOptions {
  /** Rejects where the line is not durable. */
  readonly append: (line: string) => Promise<void>;
  readonly region: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** On objects, though no key stands in their address. */
const onObjects: ReadonlySet<string> = new Set(['DeleteObjects', 'WriteGetObjectResponse', 'ListDirectoryBuckets']);

/** Operations on how buckets and accounts are, beside those on objects and what only reads. */
export const administrativeOperations: ReadonlySet<string> = new Set(
  Object.entries(operationTable)
    .filter(([name, { method, input }]) => {
      const isOnObject = input.members.some((member) => member.in === 'label' && member.name === 'Key');
      return !isOnObject && method !== 'GET' && method !== 'HEAD' && !onObjects.has(name);
    })
    .map(([name]) => name),
);

/** Whether an action of another service is one; STS gives out credentials, whatever its actions are called. */
function isAdministrativeAction(service: ServiceName, action: string): boolean {
  if (service === 'kms')
    return !/^(Get|List|Describe|Generate|Encrypt|Decrypt|ReEncrypt|Sign|Verify|DeriveShared)/.test(action);
  if (service === 'sts') return action !== 'GetCallerIdentity';
  if (service === 'sqs') return !/^(Get|List)|Message/.test(action);
  return !/^(Get|List|Simulate|Generate|Publish)/.test(action);
}

/** What the way in of another service than S3 knows of a request. */
export interface ServiceAct extends Pick<AuditEvent, 'accessKeyId' | 'response' | 'error'> {
  readonly service: ServiceName;
  /** Of the action; absent where there is none. */
  readonly action?: string | undefined;
  /** Absent where nobody was known before it was refused. */
  readonly identity?: Identity | undefined;
  readonly sourceAddress?: string | undefined;
  readonly parametersOf: () => unknown;
}

/** Notes an action of another service, unless there is no audit log, nobody is known, or it only reads. As `note`. */
export async function noteService(
  audit: AuditTrail | undefined,
  exchange: Exchange,
  { service, action: name = '', identity, sourceAddress, parametersOf, ...rest }: ServiceAct,
): Promise<void> {
  if (audit === undefined || identity === undefined || !isAdministrativeAction(service, name)) return;
  const parameters = parametersOf();
  const shown = typeof parameters === 'object' && parameters !== null ? parameters : undefined;
  await audit.note(exchange, { ...rest, service, name, identity, sourceAddress, parameters: shown });
}

export function createAuditTrail({ append, region, clock, log }: AuditTrailOptions): AuditTrail {
  return {
    async note(exchange, event) {
      const { identity, error } = event;
      // Whoever has no key at all could fill the log with what is refused anyway.
      if (identity.kind === 'anonymous' && error !== undefined) return;
      const record = recordOf(exchange, event, { region, nowMs: clock.nowMs() });
      try {
        await append(JSON.stringify(record));
      } catch (err) {
        log.error({ record, err }, 'The audit log cannot be written: its record is in this line');
      }
    },
  };
}

function recordOf(exchange: Exchange, event: AuditEvent, { region, nowMs }: { region: string; nowMs: number }) {
  const { service, name, identity, error } = event;
  const { request, requestId } = exchange;
  return {
    eventVersion: '1.11',
    userIdentity: userIdentityOf(event),
    eventTime: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    eventSource: service === 'ninefold' ? service : `${service}.amazonaws.com`,
    eventName: name,
    awsRegion: region,
    sourceIPAddress: event.sourceAddress,
    userAgent: request.headers['user-agent'],
    ...(error !== undefined && { errorCode: error.code, errorMessage: error.message }),
    requestParameters: elementsOf(event.parameters),
    responseElements: error === undefined ? elementsOf(event.response) : null,
    requestID: requestId,
    eventID: randomHex(16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: identity.accountId,
    eventCategory: 'Management',
  };
}

const types = {
  root: 'Root',
  user: 'IAMUser',
  role: 'AssumedRole',
  federated: 'FederatedUser',
  anonymous: 'Unknown',
} as const;

function userIdentityOf({ identity, accessKeyId }: AuditEvent) {
  const { kind, userId, arn, accountId, name, session, roleArn } = identity;
  if (kind === 'anonymous') return { type: types.anonymous };
  return {
    ...{ type: types[kind], principalId: userId, arn, accountId, accessKeyId },
    ...(kind === 'user' && { userName: name }),
    ...(session !== undefined && {
      sessionContext: {
        ...(roleArn !== undefined && { sessionIssuer: { type: 'Role', arn: roleArn, accountId, userName: name } }),
        attributes: { creationDate: new Date(session.issuedMs).toISOString(), mfaAuthenticated: 'false' },
        ...(session.sourceIdentity !== undefined && { sourceIdentity: session.sourceIdentity }),
      },
    }),
  };
}

const elementsBytesMax = 100 * 1024;
const secretPattern = /secret|password|token|assertion|privatekey|plaintext|keymaterial/i;

/** As CloudTrail spells them, with secrets made unreadable; null where there are none. */
function elementsOf(given: object | undefined): unknown {
  const elements = given === undefined ? null : withoutSecrets(given);
  const size = Buffer.byteLength(JSON.stringify(elements));
  return size > elementsBytesMax ? { omitted: true, originalSize: size } : elements;
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value instanceof Uint8Array) return undefined;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const members = Object.entries(value).map(([name, member]) => {
    const isSecret = secretPattern.test(name) && typeof member === 'string';
    return [name.charAt(0).toLowerCase() + name.slice(1), isSecret ? '***' : withoutSecrets(member)];
  });
  return Object.fromEntries(members);
}
