/**
 * Decoders of requests: from path, query, headers and body to the operation's input. Each operation's is compiled once into
 * lists of setters, so that a request costs one lookup for each member that its operation knows.
 *
 * A decoded input has own keys only for the members that the client sent: what an operation does not support is told by them.
 */
import assert from 'node:assert';
import { minioHeaders } from '../../engine/replication/minio-facts.ts';
import { readHeaderText, readMetadataText } from '../../lib/header-text.ts';
import { S3Error, type S3ErrorCode } from '../errors.ts';
import { enumReader, readBoolean, readHttpDate, readInteger, readIsoDate } from './decode-scalars.ts';
import { compileElement, compileStructure, type ElementReader } from './decode-xml.ts';
import { checkInteger, invalidValue } from './invalid-value.ts';
import type { HeaderMap } from './router.ts';
import type { MemberSchema, MessageSchema, Type } from './schema.ts';
import { enumTable, operationTable } from './table.generated.ts';
import type { InputOf, OperationName } from './types.ts';
import { malformed, parseXml } from './xml-document.ts';

/** A request, taken apart. */
export interface RequestParts {
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  readonly resourceArn?: string | undefined;
  /** Decoded; of a repeated parameter the first. */
  readonly query: ReadonlyMap<string, string>;
  /** Every value of a parameter, for those that are lists. */
  readonly queryValues?: ((name: string) => readonly string[]) | undefined;
  readonly headers: HeaderMap;
  /** The whole body, for operations that do not stream it; the caller has bounded its size. */
  readonly body?: Buffer | undefined;
}

export type Decoder<N extends OperationName> = (parts: RequestParts) => InputOf<N>;

type Input = Record<string, unknown>;
type Setter = (parts: RequestParts, into: Input) => void;
/** Reads a value, or undefined for one to be treated as absent; throws S3Error for a bad one. */
type ValueReader = (text: string) => unknown;

/** Conditions on dates: a date that cannot be read is no condition (RFC 9110, section 13.1.3). */
const ignoredIfBad = new Set(['if-modified-since', 'if-unmodified-since']);
/** Parameters whose empty value means the same as their absence. */
const absentIfEmpty = new Set(['delimiter']);
/** Headers that a MinIO sends empty where the retention of a replica was removed. */
const emptyInReplicas = new Set(['x-amz-object-lock-mode', 'x-amz-object-lock-retain-until-date']);

function reader<T>(name: string, read: (text: string) => T | undefined): ValueReader {
  if (ignoredIfBad.has(name)) return (text) => read(text.trim());
  return (text) => {
    const value = read(text.trim());
    if (value === undefined) throw invalidValue(name, text);
    return value;
  };
}

function compileValue(name: string, type: Type): ValueReader {
  if (type === 'string') return absentIfEmpty.has(name) ? (text) => text || undefined : (text) => text;
  if (type === 'integer') return (text) => checkInteger(name, { text, value: readInteger(text) });
  if (type === 'boolean') return reader(name, readBoolean);
  if (type === 'http-date') return reader(name, readHttpDate);
  if (type === 'iso-date') return reader(name, readIsoDate);
  assert(typeof type === 'object', `${name} cannot stand in a header or query`);
  if ('enum' in type) return reader(name, enumReader(type.enum, enumTable[type.enum] ?? []));
  assert('list' in type, `${name} cannot stand in a header or query`);
  const readItem = compileValue(name, type.list);
  return (text) => text.split(',').map(readItem);
}

function headerText(headers: HeaderMap, name: string): string | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  return readHeaderText(typeof value === 'string' ? value : value.join(','));
}

function compileHeader(member: MemberSchema): Setter {
  const { name, as, required } = member;
  const read = compileValue(as, member.type);
  const mayBeEmpty = emptyInReplicas.has(as);
  return ({ headers }, into) => {
    const text = headerText(headers, as);
    if (text === '' && mayBeEmpty && headers[minioHeaders.isReplica] !== undefined) return;
    if (text === undefined) {
      if (required) throw new S3Error('InvalidRequest', { message: `Missing required header for this request: ${as}` });
      return;
    }
    const value = read(text);
    if (value !== undefined) into[name] = value;
  };
}

function compileQueryList({ name, as, required }: MemberSchema): Setter {
  return ({ queryValues }, into) => {
    const values = queryValues?.(as) ?? [];
    if (values.length > 0) into[name] = values;
    else if (required) throw missingParameter(as);
  };
}

function missingParameter(name: string): S3Error {
  return new S3Error('InvalidRequest', { message: `Missing required parameter for this request: ${name}` });
}

function compileQuery(member: MemberSchema): Setter {
  const { name, as, required, type } = member;
  if (typeof type === 'object' && 'list' in type) return compileQueryList(member);
  const read = compileValue(as, member.type);
  return ({ query }, into) => {
    const text = query.get(as);
    if (text === undefined) {
      if (required) throw missingParameter(as);
      return;
    }
    if (text === '' && as === 'versionId') {
      const fields = { ArgumentName: as, ArgumentValue: '' };
      throw new S3Error('InvalidArgument', { message: 'Version id cannot be the empty string', fields });
    }
    const value = read(text);
    if (value !== undefined) into[name] = value;
  };
}

function compilePrefixHeaders({ name, as }: MemberSchema): Setter {
  return ({ headers }, into) => {
    const found: [string, string][] = [];
    for (const header in headers) {
      const value = headers[header];
      if (value === undefined || !header.startsWith(as)) continue;
      found.push([header.slice(as.length), readMetadataText(typeof value === 'string' ? value : value.join(','))]);
    }
    if (found.length > 0) into[name] = Object.fromEntries(found);
  };
}

function compileLabel({ name }: MemberSchema): Setter {
  assert(name === 'Bucket' || name === 'Key' || name === 'ResourceArn', `unknown label ${name}`);
  return ({ bucket, key, resourceArn }, into) => {
    const value = { Bucket: bucket, Key: key, ResourceArn: resourceArn }[name];
    assert(value !== undefined, `${name} is missing in a request that was routed by it`);
    into[name] = value;
  };
}

/** What S3 answers instead of MalformedXML, by root element. */
const malformedCodes: ReadonlyMap<string, S3ErrorCode> = new Map([['AccessControlPolicy', 'MalformedACLError']]);

function readDocument(body: Buffer, root: string, read: ElementReader): unknown {
  try {
    const element = parseXml(body);
    if (element.name !== root) throw malformed();
    return read(element);
  } catch (error) {
    const code = malformedCodes.get(root);
    if (code === undefined || !(error instanceof S3Error) || error.code !== 'MalformedXML') throw error;
    throw new S3Error(code, { cause: error });
  }
}

function compilePayload({ name, as, type, required }: MemberSchema): Setter | undefined {
  if (type === 'stream') return undefined;
  const isText = type === 'string';
  const read = compileElement(type);
  return ({ body }, into) => {
    if (body === undefined || body.length === 0) {
      if (required) throw new S3Error('MissingRequestBodyError');
      return;
    }
    into[name] = isText ? body.toString('utf8') : readDocument(body, as, read);
  };
}

/** Where the members of the body are the input's own (SelectObjectContent). */
function compileBody(message: MessageSchema): Setter[] {
  const { root, members } = message;
  if (root === undefined) return [];
  const read = compileStructure(members.filter((member) => member.in === 'element'));
  return [
    ({ body }, into) => {
      if (body === undefined || body.length === 0) throw new S3Error('MissingRequestBodyError');
      Object.assign(into, readDocument(body, root, read));
    },
  ];
}

function compileMember(member: MemberSchema): Setter | undefined {
  if (member.in === 'label') return compileLabel(member);
  if (member.in === 'header') return compileHeader(member);
  if (member.in === 'prefix-headers') return compilePrefixHeaders(member);
  if (member.in === 'query') return compileQuery(member);
  return member.in === 'payload' ? compilePayload(member) : undefined;
}

function compile(name: OperationName): (parts: RequestParts) => Input {
  const { input } = operationTable[name];
  const setters = input.members.map(compileMember).filter((setter) => setter !== undefined);
  setters.push(...compileBody(input));
  return (parts) => {
    const into: Input = {};
    for (const set of setters) set(parts, into);
    return into;
  };
}

const decoders = new Map<OperationName, (parts: RequestParts) => Input>();

/**
 * The decoder of an operation. It throws S3Error: MalformedXML for a body, InvalidArgument and its kin for a header or
 * parameter that does not fit the model.
 */
export function decoderOf<N extends OperationName>(name: N): Decoder<N> {
  const decoder = decoders.get(name) ?? compile(name);
  decoders.set(name, decoder);
  // The decoder was compiled from the schema that the type was derived from; that is the one promise types cannot check.
  return decoder as unknown as Decoder<N>;
}
