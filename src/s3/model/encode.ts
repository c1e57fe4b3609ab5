/**
 * Encoders of answers: from an operation's output to status, headers and body. Each operation's is compiled once. Entity tags
 * are quoted by the operation, not here.
 */
import assert from 'node:assert';
import { writeHeaderText, writeMetadataText } from '../../lib/header-text.ts';
import { compileElement, compileStructure, type ItemOrder, scalarText } from './encode-xml.ts';
import type { MemberSchema, MessageSchema } from './schema.ts';
import { operationTable } from './table.generated.ts';
import type { OperationName, OutputOf } from './types.ts';
import { controlNamespace, escapeXml, s3Namespace, xmlDeclaration } from './xml-text.ts';

/** An answer as it goes on the wire. */
export interface EncodedAnswer {
  /** The model's status of success; an operation may answer another (206). */
  readonly status: number;
  /**
   * Names in lower case and values by turns, as node:http takes them, and safe for it. `content-length` is there only where
   * the output has it.
   */
  readonly headers: readonly string[];
  readonly body: Buffer | undefined;
  /** The streaming member, where the output has one; its bytes where they are at hand. */
  readonly stream?: ByteSource;
}

export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

/** `order` is the order of flat lists' items where it goes across lists; without it each list is written in one piece. */
export type Encoder<N extends OperationName> = (output: OutputOf<N>, order?: ItemOrder) => EncodedAnswer;

type Output = Readonly<Record<string, unknown>>;
type AnswerWriter = (output: Output, order?: ItemOrder) => EncodedAnswer;
type HeaderWriter = (value: unknown, headers: string[]) => void;
interface Body {
  readonly body?: Buffer;
  readonly contentType?: string;
  readonly stream?: ByteSource;
}
type BodyWriter = (output: Output, order?: ItemOrder) => Body;

function headerText(value: unknown, type: MemberSchema['type']): string {
  if (typeof value === 'string') return writeHeaderText(value);
  if (value instanceof Date) return type === 'iso-date' ? value.toISOString() : value.toUTCString();
  return Array.isArray(value) ? writeHeaderText(value.map(scalarText).join(',')) : scalarText(value);
}

function compileHeader({ as, type }: MemberSchema): HeaderWriter {
  return (value, headers) => headers.push(as, headerText(value, type));
}

function compilePrefixHeaders({ name, as }: MemberSchema): HeaderWriter {
  return (entries, headers) => {
    assert(typeof entries === 'object' && entries !== null, `${name} of an output is no map`);
    for (const [key, value] of Object.entries(entries)) headers.push(as + key, writeMetadataText(scalarText(value)));
  };
}

/** By name of the member: an output has few of those that its operation knows. */
function compileHeaders({ members }: MessageSchema): ReadonlyMap<string, HeaderWriter> {
  const writers = new Map<string, HeaderWriter>();
  for (const member of members) {
    if (member.in === 'header') writers.set(member.name, compileHeader(member));
    if (member.in === 'prefix-headers') writers.set(member.name, compilePrefixHeaders(member));
  }
  return writers;
}

function xmlBody(xml: string): Body {
  return { body: Buffer.from(xmlDeclaration + xml, 'utf8'), contentType: 'application/xml' };
}

function isByteSource(value: unknown): value is ByteSource {
  if (value instanceof Uint8Array) return true;
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function compilePayload({ name, as, type }: MemberSchema, namespace: string): BodyWriter {
  if (type === 'stream') {
    return (output) => {
      const stream = output[name];
      if (stream === undefined) return {};
      assert(isByteSource(stream), `${name} of an output is no source of bytes`);
      return { stream };
    };
  }
  if (type === 'events') return () => assert.fail(`${name} is an event stream, which cannot be encoded`);
  // The one textual payload of an answer is a bucket policy.
  if (type === 'string') {
    return (output) => ({ body: Buffer.from(scalarText(output[name] ?? ''), 'utf8'), contentType: 'application/json' });
  }
  const write = compileElement(type, { as, namespace });
  return (output) => xmlBody(write(output[name] ?? {}));
}

function compileBody({ root, bare, members }: MessageSchema, namespace: string): BodyWriter {
  const payload = members.find((member) => member.in === 'payload');
  if (payload !== undefined) return compilePayload(payload, namespace);
  if (root === undefined) return () => ({});
  if (bare === true) {
    const [only] = members;
    assert(only !== undefined);
    return (output) => xmlBody(`<${root}${namespace}>${escapeXml(scalarText(output[only.name] ?? ''))}</${root}>`);
  }
  const { content } = compileStructure(members);
  return (output, order) => xmlBody(`<${root}${namespace}>${content(output, order)}</${root}>`);
}

function compile(name: OperationName): AnswerWriter {
  const { output: message, status, target } = operationTable[name];
  const headerWriters = compileHeaders(message);
  const writeBody = compileBody(message, ` xmlns="${target === 'account' ? controlNamespace : s3Namespace}"`);
  return (output, order) => {
    const headers: string[] = [];
    for (const member in output) {
      const value = output[member];
      if (value !== undefined && value !== null) headerWriters.get(member)?.(value, headers);
    }
    const { body, contentType, stream } = writeBody(output, order);
    if (contentType !== undefined) headers.push('content-type', contentType);
    return stream === undefined ? { status, headers, body } : { status, headers, body, stream };
  };
}

const encoders = new Map<OperationName, AnswerWriter>();

/** The encoder of an operation. An output that does not fit its type is a programmer's error. */
export function encoderOf<N extends OperationName>(name: N): Encoder<N> {
  const encoder = encoders.get(name) ?? compile(name);
  encoders.set(name, encoder);
  return encoder;
}

export interface ErrorAnswer {
  readonly code: string;
  readonly message: string;
  /** Extra elements, in order, after the message. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Path of the request. */
  readonly resource?: string;
  readonly requestId: string;
  readonly hostId: string;
  /** As S3 Control answers: the error in an element of its own, the ids beside it. */
  readonly isWrapped?: boolean;
}

/**
 * The body of an error.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export function encodeError(error: ErrorAnswer): Buffer {
  const { code, message, fields, resource, requestId, hostId, isWrapped = false } = error;
  const ids = { RequestId: requestId, HostId: hostId };
  const elements = {
    Code: code,
    Message: message,
    ...fields,
    Resource: resource,
    ...(!isWrapped && ids),
  };
  const xml = `<Error>${textElements(elements)}</Error>`;
  const root = isWrapped ? `<ErrorResponse>${xml}${textElements(ids)}</ErrorResponse>` : xml;
  return Buffer.from(xmlDeclaration + root, 'utf8');
}

function textElements(elements: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(elements)
    .map(([name, text]) => (text === undefined ? '' : `<${name}>${escapeXml(text)}</${name}>`))
    .join('');
}
