/**
 * Reads the document that a signed form carries: until when it counts and what its fields must be. Sentences are S3's, as
 * others have met them; where nobody has told of one, it is made like its neighbours.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
import { S3Error } from '../errors.ts';

export interface UploadPolicy {
  readonly expiresMs: number;
  readonly conditions: readonly UploadCondition[];
}

export type UploadCondition = FieldCondition | SizeCondition;

export interface FieldCondition {
  readonly kind: 'eq' | 'starts-with';
  /** In lower case; undefined where the `$` before it is missing, so that no field can meet it. */
  readonly field: string | undefined;
  readonly value: string;
  /** As refusals show it. */
  readonly text: string;
}

export interface SizeCondition {
  readonly kind: 'content-length-range';
  /** NaN where it is no number, which no file can meet. */
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly text: string;
}

type JsonObject = Readonly<Record<string, unknown>>;

const members = ['expiration', 'conditions'];
const base64Pattern = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;
/** What AWS's page lets be escaped beside what JSON does. */
const furtherEscapes: Readonly<Record<string, string>> = { $: '$', v: '\\u000b' };
const expirationPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;
const operandsOf = { eq: 2, 'starts-with': 2, 'content-length-range': 2 } as const;

/** Reads the base64 text of the field `policy`. Throws InvalidPolicyDocument. */
export function readUploadPolicy(encoded: string): UploadPolicy {
  const document = parseDocument(encoded);
  const unknown = Object.keys(document).find((name) => !members.includes(name));
  if (unknown !== undefined) throw invalid(`Unexpected: '${unknown.toLowerCase()}'`);
  const { expiration, conditions } = document;
  if (expiration === undefined) throw invalid('Policy missing expiration.');
  const expiresMs = readExpiration(expiration);
  if (conditions === undefined) throw invalid('Policy missing conditions.');
  if (!Array.isArray(conditions)) throw invalid("Invalid 'conditions' value: must be a List.");
  return { expiresMs, conditions: conditions.map(readCondition) };
}

function parseDocument(encoded: string): JsonObject {
  if (!base64Pattern.test(encoded)) throw invalid('invalid Base64 encoding.');
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const json = text.replaceAll(/\\(.)/gs, (pair, escaped: string) => furtherEscapes[escaped] ?? pair);
  try {
    const document: unknown = JSON.parse(json);
    if (isObject(document)) return document;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw invalid('Invalid JSON.');
}

function readExpiration(given: unknown): number {
  const expiresMs = typeof given === 'string' && expirationPattern.test(given) ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(expiresMs)) throw invalid(`Invalid 'expiration' value: '${String(given)}'`);
  return expiresMs;
}

function readCondition(given: unknown): UploadCondition {
  if (Array.isArray(given)) return readList(given);
  if (!isObject(given)) throw invalid('Invalid condition test: must be a List or Object.');
  const [only, ...others] = Object.entries(given);
  if (only === undefined || others.length > 0) {
    throw invalid('Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.');
  }
  const [name, value] = only;
  if (value === null) throw invalid('Invalid JSON.');
  if (typeof value !== 'string') throw invalid('Invalid Simple-Condition: value must be a string.');
  return { kind: 'eq', field: name.toLowerCase(), value, text: shown(['eq', `$${name}`, value]) };
}

function readList(given: readonly unknown[]): UploadCondition {
  const [operation, ...operands] = given;
  if (operation === undefined) throw invalid('Invalid Condition: missing operation identifier.');
  if (typeof operation !== 'string') throw invalid('Invalid JSON.');
  const kind = operation.toLowerCase();
  if (!isOperation(kind)) throw invalid(`Invalid Condition: unknown operation '${operation}'.`);
  if (operands.length !== operandsOf[kind]) throw invalid(`Invalid ${kind}: wrong number of arguments.`);
  const [first, second] = operands;
  const text = shown(given);
  if (kind === 'content-length-range') {
    return { kind, minBytes: readSize(first), maxBytes: readSize(second), text };
  }
  if (typeof first !== 'string' || typeof second !== 'string') throw invalid('Invalid JSON.');
  return { kind, field: first.startsWith('$') ? first.slice(1).toLowerCase() : undefined, value: second, text };
}

/** A number, or one in quotes. */
function readSize(given: unknown): number {
  if (typeof given === 'string') return /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
  if (typeof given !== 'number' || !Number.isSafeInteger(given)) throw invalid('Invalid JSON.');
  if (given < 0) throw invalid('Invalid content-length-range: a size must not be negative.');
  return given;
}

function isOperation(kind: string): kind is keyof typeof operandsOf {
  return Object.hasOwn(operandsOf, kind);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(condition: readonly unknown[]): string {
  return `[${condition.map((item) => JSON.stringify(item)).join(', ')}]`;
}

function invalid(reason: string): S3Error {
  return new S3Error('InvalidPolicyDocument', { message: `Invalid Policy: ${reason}` });
}
