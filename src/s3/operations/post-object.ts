/**
 * POST Object, the upload of a browser's form, which AWS's model of operations does not have: a PutObject that answers as the
 * form asks. How a form becomes a PutObject is told in `../forms/`.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
import type { FormFields } from '../forms/upload-form.ts';
import { escapeXml, xmlDeclaration } from '../model/xml-text.ts';
import { objectUrl } from '../object-url.ts';
import { type Answer, type Operation, operation } from '../operation.ts';
import { putObject, writeObject } from './put-object.ts';

/** What a form has written. */
interface Written {
  /** Where it is reached. */
  readonly location: string;
  readonly bucket: string;
  readonly key: string;
  /** With its quotes. */
  readonly etag: string;
}

/** The PutObject that a form with these fields is. */
export function postObject(fields: FormFields): Operation<'PutObject'> {
  return operation({
    ...putObject,
    async run(request, input) {
      const { output } = await writeObject(request, input, 'ObjectCreated:Post');
      const bucket = request.bucket().name;
      // Unlike anywhere else, the slashes of the key are escaped.
      const location = objectUrl(request.origin, { bucketName: bucket, key: '' }) + encodeURIComponent(input.Key);
      return { output, ...reply(fields, { location, bucket, key: input.Key, etag: output.ETag ?? '' }) };
    },
  });
}

function reply(fields: FormFields, written: Written): Omit<Answer<unknown>, 'output'> {
  const redirect = redirectUrl(fields, written);
  if (redirect !== undefined) return { status: 303, headers: { location: redirect } };
  const headers = { location: written.location };
  switch (fields.get('success_action_status')?.value) {
    case '200':
      return { status: 200, headers };
    case '201':
      return { status: 201, headers, document: postResponse(written) };
    default:
      return { status: 204, headers };
  }
}

/** Undefined where the form names no URL: one that cannot be understood counts as none, as AWS's page says. */
function redirectUrl(fields: FormFields, { bucket, key, etag }: Written): string | undefined {
  const given = (fields.get('success_action_redirect') ?? fields.get('redirect'))?.value;
  if (given === undefined || !URL.canParse(given)) return undefined;
  const url = new URL(given);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  const told = new URLSearchParams({ bucket, key, etag }).toString();
  url.search = url.search === '' ? told : `${url.search}&${told}`;
  return url.href;
}

function postResponse({ location, bucket, key, etag }: Written): string {
  const elements = { Location: location, Bucket: bucket, Key: key, ETag: etag };
  const xml = Object.entries(elements).map(([name, text]) => `<${name}>${escapeXml(text)}</${name}>`);
  return `${xmlDeclaration}<PostResponse>${xml.join('')}</PostResponse>`;
}
