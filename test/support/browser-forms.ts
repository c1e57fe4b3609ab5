/** Forms as browsers post them, signed as AWS describes it. */
import { createHmac } from 'node:crypto';
import { formCredentials, formSignature, type SigningKey } from './sigv4-sign.ts';

export type Field = readonly [name: string, value: string | Uint8Array, filename?: string];

export const boundary = '----WebKitFormBoundary7MA4YWxkTrZu0gW';
export const contentType = `multipart/form-data; boundary=${boundary}`;

/** The body of a form; a field with a file name is a file. */
export function formBody(fields: readonly Field[]): Buffer {
  const parts = fields.flatMap(([name, value, filename]) => {
    const file = filename === undefined ? '' : `; filename="${filename}"\r\nContent-Type: application/octet-stream`;
    return [`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`, value, '\r\n'];
  });
  return Buffer.concat([...parts, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece)));
}

export interface PolicyOptions {
  readonly bucket: string;
  readonly key: SigningKey;
  /** Beside those for the bucket and the fields of the signature. */
  readonly conditions: readonly unknown[];
  /** Of the policy, over what stands there otherwise. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly date?: Date;
  readonly expiresMs?: number;
}

/** The fields `policy`, `x-amz-signature` and what they need. */
export function signedByV4(options: PolicyOptions): Record<string, string> {
  const { key, date = new Date() } = options;
  const credentials = formCredentials(key, date);
  const policy = encodePolicy(
    options,
    Object.entries(credentials).map(([name, value]) => ({ [name]: value })),
  );
  return { ...credentials, policy, 'x-amz-signature': formSignature(policy, key, date) };
}

/** The same by Version 2. */
export function signedByV2(options: PolicyOptions): Record<string, string> {
  const { accessKeyId, secretAccessKey, sessionToken } = options.key;
  const token = sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken };
  const policy = encodePolicy(options, sessionToken === undefined ? [] : [token]);
  const signature = createHmac('sha1', secretAccessKey).update(policy).digest('base64');
  return { AWSAccessKeyId: accessKeyId, ...token, policy, signature };
}

function encodePolicy({ bucket, conditions, members, expiresMs }: PolicyOptions, own: readonly unknown[]): string {
  const expiration = new Date(expiresMs ?? Date.now() + 60_000).toISOString();
  const document = { expiration, conditions: [{ bucket }, ...own, ...conditions], ...members };
  return Buffer.from(JSON.stringify(document)).toString('base64');
}

export interface FormAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** `<Code>` of an error document, undefined of a success. */
  readonly code: string | undefined;
  /** `<Message>` of it. */
  readonly message: string | undefined;
}

/** Posts a body as a browser would, and follows no redirect. */
export async function postForm(
  url: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<FormAnswer> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': contentType, ...headers },
    body: Buffer.from(body),
    redirect: 'manual',
  });
  const text = await answer.text();
  const element = (name: string) => unescaped(new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(text)?.[1]);
  return {
    status: answer.status,
    headers: answer.headers,
    body: text,
    code: element('Code'),
    message: element('Message'),
  };
}

function unescaped(text: string | undefined): string | undefined {
  return text?.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
