/**
 * How the body of a request is protected, as `x-amz-content-sha256` says.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */
import { S3Error } from '../errors.ts';

export type PayloadMode =
  /** The request says nothing of its body. */
  | { readonly kind: 'none' }
  /** The signature does not cover the body. */
  | { readonly kind: 'unsigned' }
  /** The body must have this hash, in lower-case hex. */
  | { readonly kind: 'sha256'; readonly sha256: string }
  /** Chunks, each signed; with `trailer`, signed trailing headers follow. */
  | { readonly kind: 'streaming-signed'; readonly trailer: boolean }
  /** Chunks and trailing headers without signatures. */
  | { readonly kind: 'streaming-unsigned'; readonly trailer: true };

const literals: ReadonlyMap<string, PayloadMode> = new Map<string, PayloadMode>([
  ['UNSIGNED-PAYLOAD', { kind: 'unsigned' }],
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { kind: 'streaming-unsigned', trailer: true }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { kind: 'streaming-signed', trailer: false }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { kind: 'streaming-signed', trailer: true }],
]);

/** Reads a value of x-amz-content-sha256. Throws InvalidArgument for modes that are not known, so that none is stored. */
export function parsePayloadMode(value: string | undefined): PayloadMode {
  if (value === undefined) return { kind: 'none' };
  const mode = literals.get(value);
  if (mode !== undefined) return mode;
  if (/^[0-9a-fA-F]{64}$/.test(value)) return { kind: 'sha256', sha256: value.toLowerCase() };
  throw new S3Error('InvalidArgument', {
    message: `x-amz-content-sha256 must be ${[...literals.keys()].join(', ')} or a valid sha256 value.`,
    fields: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: value },
  });
}

/** The same for a request whose signature, if it has one, cannot sign chunks. */
export function parsePlainPayloadMode(value: string | undefined): PayloadMode {
  const payload = parsePayloadMode(value);
  if (payload.kind !== 'streaming-signed') return payload;
  throw new S3Error('InvalidRequest', {
    message: 'A body of signed chunks requires a request signed by Signature Version 4.',
  });
}
