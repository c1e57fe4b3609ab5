/**
 * The fields of a form as the headers of the PutObject that it stands for. A form says everything of its object itself: what
 * stands in the head of the request is the browser's, but for what requests of every kind say there.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
 */
import type { IncomingHttpHeaders } from 'node:http';
import { S3Error } from '../errors.ts';
import { decoderOf } from '../model/decode.ts';
import { operationTable } from '../model/table.generated.ts';
import { parseObjectTags } from '../tagging.ts';
import type { FormField, FormFields } from './upload-form.ts';

/** Headers that a form's request may have as any other. */
const ofEveryRequest = [
  'host',
  'origin',
  'referer',
  'user-agent',
  'x-amz-expected-bucket-owner',
  'x-amz-request-payer',
] as const;

/** Fields that are named otherwise than their headers. */
const aliases: Readonly<Record<string, string>> = {
  acl: 'x-amz-acl',
  tagging: 'x-amz-tagging',
  'x-amz-checksum-algorithm': 'x-amz-sdk-checksum-algorithm',
};

const metadataPrefix = 'x-amz-meta-';
/** What a header's name may consist of, as metadata is answered in headers. */
const tokenPattern = /^[\w!#$%&'*+.^`|~-]+$/;

/** Headers of PutObject; the length of a form is not that of its file. */
const parameters: ReadonlySet<string> = new Set(
  operationTable.PutObject.input.members
    .filter(({ in: place, name }) => place === 'header' && name !== 'ContentLength')
    .map(({ as }) => as),
);

/**
 * Headers by lower-case name, as node:http would give them. Throws InvalidRequest where a header of the request says of the
 * object what the form does not, and the errors of tags.
 */
export function formHeaders(fields: FormFields, requestHeaders: IncomingHttpHeaders): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [key, field] of fields) {
    const header = aliases[key] ?? key;
    if (!isParameter(header)) continue;
    if (headers.has(header)) throw twice(field);
    const value = key === 'tagging' ? taggingHeader(field.value) : field.value;
    // Headers hold bytes as Latin-1, as node:http gives them.
    headers.set(header, Buffer.from(value).toString('latin1'));
  }
  refuseConflicts(headers, requestHeaders);
  const general = ofEveryRequest.flatMap((name) => {
    const value = requestHeaders[name]?.toString();
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries([...general, ...headers]);
}

function isParameter(name: string): boolean {
  if (!name.startsWith(metadataPrefix)) return parameters.has(name);
  if (tokenPattern.test(name)) return true;
  throw new S3Error('InvalidArgument', {
    message: 'A name of metadata must be one that a header can have',
    fields: { ArgumentName: name, ArgumentValue: '' },
  });
}

/** The document of tags as the header carries it. */
function taggingHeader(document: string): string {
  const decode = decoderOf('PutObjectTagging');
  const parts = { bucket: '', key: '', query: new Map<string, string>(), headers: {}, body: Buffer.from(document) };
  const tags = parseObjectTags(decode(parts).Tagging.TagSet);
  return tags.map(({ key, value }) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&');
}

/** What a policy has not seen must not count, and what is sent must not be passed over. */
function refuseConflicts(headers: ReadonlyMap<string, string>, requestHeaders: IncomingHttpHeaders): void {
  for (const [name, value] of Object.entries(requestHeaders)) {
    const isGeneral = ofEveryRequest.some((general) => general === name);
    if (isGeneral || !name.startsWith('x-amz-') || !isParameter(name) || headers.get(name) === value) continue;
    throw new S3Error('InvalidRequest', {
      message: 'Conflicting values provided in HTTP headers and POST form fields.',
      fields: { Header: name },
    });
  }
}

function twice({ name, value }: FormField): S3Error {
  return new S3Error('InvalidArgument', {
    message: 'The form has another field that means the same',
    fields: { ArgumentName: name, ArgumentValue: value },
  });
}
