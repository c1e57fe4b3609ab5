/**
 * Takes in a browser's form up to its file: read, authenticated, held against its own policy, and made the PutObject that it
 * stands for. The file is not touched before that PutObject asks for its body, so whoever may not write has sent it in vain.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { BodySource } from '../../engine/types.ts';
import type { AuthenticateOptions } from '../auth/authenticate.ts';
import { authenticateForm, missingField } from '../auth/authenticate-form.ts';
import type { Authentication } from '../auth/types.ts';
import { type BodyOptions, openBody, putBytesMax, unbroken } from '../body.ts';
import { S3Error } from '../errors.ts';
import { checkUploadPolicy, type SizeRange } from './check-policy.ts';
import { formHeaders } from './form-parameters.ts';
import { readUploadPolicy } from './policy-document.ts';
import { type FormFields, readForm, type UploadForm } from './upload-form.ts';

export interface FormRequest {
  /** The bytes of the request's body. */
  readonly source: AsyncIterable<Uint8Array>;
  readonly headers: IncomingHttpHeaders;
  /** Names of the query's parameters. */
  readonly query: Iterable<string>;
  /** The bucket that the request names. */
  readonly bucket: string;
}

export interface ReceivedForm {
  readonly fields: FormFields;
  readonly authentication: Authentication;
  readonly key: string;
  /** Of the PutObject. */
  readonly headers: IncomingHttpHeaders;
  openBody(options: BodyOptions): BodySource;
}

const anySize: SizeRange = { min: 0, max: Number.POSITIVE_INFINITY };

/** Throws S3Error with the codes and sentences of AWS. */
export async function receiveForm(request: FormRequest, options: AuthenticateOptions): Promise<ReceivedForm> {
  const { headers, bucket } = request;
  refuseOtherSignatures(request);
  const { fields, file } = await readForm(unbroken(request.source), headers['content-type'] ?? '');
  const key = fields.get('key')?.value;
  if (key === undefined) throw missingField('key');
  const authentication = authenticateForm(fields, options);
  const policy = fields.get('policy')?.value;
  const range =
    policy === undefined
      ? anySize
      : checkUploadPolicy(readUploadPolicy(policy), { fields, bucket, nowMs: options.nowMs });
  if (key === '') throw emptyKey();
  requireOwnBucket(fields, bucket);
  const putHeaders = formHeaders(fields, headers);
  return {
    fields,
    authentication,
    key,
    headers: putHeaders,
    openBody: (bodyOptions) => openFile(file, { range, headers: putHeaders, authentication, bodyOptions }),
  };
}

interface FileOptions {
  readonly range: SizeRange;
  readonly headers: Readonly<Record<string, string>>;
  readonly authentication: Authentication;
  readonly bodyOptions: BodyOptions;
}

function openFile(file: UploadForm['file'], { range, headers, authentication, bodyOptions }: FileOptions): BodySource {
  const grouped = new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));
  const maxBytes = Math.min(bodyOptions.maxBytes ?? putBytesMax, range.max);
  // A form has a length, its file has none.
  const body = openBody(
    { source: file, headers: grouped, authentication },
    { ...bodyOptions, maxBytes, requireLength: false },
  );
  return { ...body, stream: atLeast(body.stream, range.min) };
}

async function* atLeast(source: AsyncIterable<Uint8Array>, minBytes: number): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const bytes of source) {
    total += bytes.length;
    yield bytes;
  }
  if (total >= minBytes) return;
  throw new S3Error('EntityTooSmall', {
    fields: { ProposedSize: String(total), MinSizeAllowed: String(minBytes) },
  });
}

/** A form is signed by its fields alone. */
function refuseOtherSignatures({ headers, query }: FormRequest): void {
  const other = headers.authorization === undefined ? [...query].find((name) => signing.has(name)) : 'Authorization';
  if (other === undefined) return;
  throw new S3Error('InvalidArgument', {
    message:
      'Only one auth mechanism allowed; a form is signed by its fields, not by its query or Authorization header',
    fields: { ArgumentName: other, ArgumentValue: '' },
  });
}

const signing: ReadonlySet<string> = new Set([
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'AWSAccessKeyId',
  'Signature',
]);

function emptyKey(): S3Error {
  return new S3Error('InvalidArgument', {
    message: 'User key must have a length greater than 0.',
    fields: { ArgumentName: 'key', ArgumentValue: '' },
  });
}

/** Some clients send the bucket as a field too; the one that the request names counts. */
function requireOwnBucket(fields: FormFields, bucket: string): void {
  const named = fields.get('bucket')?.value;
  if (named === undefined || named === bucket) return;
  throw new S3Error('InvalidArgument', {
    message: 'The field bucket names another bucket than the one the form was sent to',
    fields: { ArgumentName: 'bucket', ArgumentValue: named },
  });
}
