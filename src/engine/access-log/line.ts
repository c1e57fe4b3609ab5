/**
 * One line of an access log: what there is to say of a request, in the order and the spelling of S3's server access logs.
 * What is not known or does not apply is a hyphen.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
 */
import { encodeListed } from '../../lib/key-encoding.ts';
import type { Bucket } from '../../meta/records.ts';

export interface LogLine {
  /** When the request came in. */
  readonly atMs: number;
  readonly remoteIp?: string | undefined;
  /** Canonical id of an account's root, ARN of anyone else. */
  readonly requester?: string | undefined;
  readonly requestId: string;
  /** `REST.GET.OBJECT` and the like. */
  readonly operation: string;
  readonly key?: string | undefined;
  /** What the client itself has sent. Absent of what S3 does beside that or of its own accord. */
  readonly head?: LoggedHead;
  readonly status?: number | undefined;
  readonly errorCode?: string | undefined;
  readonly bytesSent?: number | undefined;
  /** Of the object, in bytes, whatever was asked of it. */
  readonly objectSize?: number | undefined;
  /** From the request's arrival to the last byte of its answer. */
  readonly totalMs?: number | undefined;
  /** From the last byte of the request to the first of its answer. */
  readonly turnAroundMs?: number | undefined;
  readonly versionId?: string | undefined;
  readonly hostId?: string | undefined;
  /** `SigV4` or `SigV2`. */
  readonly signatureVersion?: string | undefined;
  readonly cipherSuite?: string | undefined;
  /** `AuthHeader` or `QueryString`. */
  readonly authentication?: string | undefined;
  readonly hostHeader?: string | undefined;
  readonly tlsVersion?: string | undefined;
  /** An access control list was needed to allow it. */
  readonly aclRequired?: boolean | undefined;
}

export interface LoggedHead {
  /** Method, target and version of HTTP. */
  readonly requestLine: string;
  readonly referrer: string | undefined;
  readonly userAgent: string | undefined;
}

/** A line with its end. */
export function formatLine({ name, owner }: Pick<Bucket, 'name' | 'owner'>, line: LogLine): string {
  const { head } = line;
  const fields = [
    owner,
    name,
    `[${timeText(line.atMs)}]`,
    line.remoteIp,
    line.requester,
    line.requestId,
    line.operation,
    encodedKey(line),
    head && quoted(head.requestLine),
    line.status,
    line.errorCode,
    // Nothing sent is a hyphen too.
    line.bytesSent || undefined,
    line.objectSize,
    line.totalMs,
    line.turnAroundMs,
    head && quoted(head.referrer),
    head && quoted(head.userAgent),
    line.versionId && plain(line.versionId),
    line.hostId,
    line.signatureVersion,
    line.cipherSuite,
    line.authentication,
    line.hostHeader && plain(line.hostHeader),
    line.tlsVersion,
    // ARN of an access point, of which there are none.
    undefined,
    line.aclRequired === true ? 'Yes' : undefined,
    // Region that the request came from, which S3 knows of its own networks alone.
    undefined,
  ];
  return `${fields.map((field) => field ?? '-').join(' ')}\n`;
}

/** Twice of what clients ask for, once of what S3 does for them or by itself (told by others of AWS on 2025-09-26). */
function encodedKey({ key, operation }: LogLine): string | undefined {
  if (key === undefined) return undefined;
  const once = encodeListed(key);
  return operation.startsWith('REST.') ? encodeListed(once) : once;
}

/** Nothing that a client sends may end its field or its line: readers of logs believe them. */
function quoted(text: string | undefined): string {
  return text === undefined ? '"-"' : `"${text.replaceAll(/[^\x20\x21\x23-\x7e]/g, escaped)}"`;
}

function plain(text: string): string {
  return text.replaceAll(/[^\x21\x23-\x7e]/g, escaped);
}

function escaped(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `06/Feb/2019:00:00:38 +0000` */
function timeText(ms: number): string {
  const [, year, month, day, time] = /^(\d+)-(\d\d)-(\d\d)T([\d:]+)/.exec(new Date(ms).toISOString()) ?? [];
  return `${day}/${months[Number(month) - 1]}/${year}:${time} +0000`;
}
