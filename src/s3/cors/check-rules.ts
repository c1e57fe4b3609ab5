/** The checks of a CORS configuration before a bucket takes it, with AWS's sentences. */
import type { CorsRule } from '../../engine/cors-documents.ts';
import { S3Error } from '../errors.ts';

const rulesMax = 100;
const idLengthMax = 255;
/** Bytes of the document, as AWS limits it. */
export const corsDocumentBytesMax = 64 * 1024;
const methods: ReadonlySet<string> = new Set(['GET', 'PUT', 'HEAD', 'POST', 'DELETE']);
/** Characters of a header's name (RFC 9110), which also keep a value from ending the line that it is sent on. */
const headerName = /^[\w!#$%&'+.^`|~-]*$/;

/** Throws MalformedXML and InvalidRequest. */
export function checkCorsRules(rules: readonly CorsRule[]): void {
  if (rules.length === 0) throw new S3Error('MalformedXML');
  if (rules.length > rulesMax) {
    throw invalid(`The number of CORS rules should not exceed allowed limit of ${rulesMax} rules.`);
  }
  for (const rule of rules) checkRule(rule);
}

function checkRule(rule: CorsRule): void {
  const { ID = '', AllowedMethods, AllowedOrigins, AllowedHeaders = [], ExposeHeaders = [], MaxAgeSeconds = 0 } = rule;
  if (AllowedMethods.length === 0 || AllowedOrigins.length === 0) throw new S3Error('MalformedXML');
  const unsupported = AllowedMethods.find((method) => !methods.has(method));
  if (unsupported !== undefined) {
    throw invalid(`Found unsupported HTTP method in CORS config. Unsupported method is ${unsupported}`);
  }
  refuseTwoWildcards('AllowedOrigin', AllowedOrigins);
  refuseTwoWildcards('AllowedHeader', AllowedHeaders);
  for (const name of ExposeHeaders) checkExposed(name);
  if (ID.length > idLengthMax) throw invalid(`ID length should not exceed allowed limit of ${idLengthMax}`);
  if (MaxAgeSeconds < 0) throw new S3Error('MalformedXML');
}

function refuseTwoWildcards(element: string, values: readonly string[]): void {
  const greedy = values.find((value) => value.indexOf('*') !== value.lastIndexOf('*'));
  if (greedy !== undefined) throw invalid(`${element} "${greedy}" can not have more than one wildcard.`);
}

function checkExposed(name: string): void {
  if (name.includes('*')) {
    throw invalid(`ExposeHeader "${name}" contains wildcard. We currently do not support wildcard for ExposeHeader.`);
  }
  if (!headerName.test(name)) throw invalid(`ExposeHeader "${name}" contains invalid character.`);
}

function invalid(message: string): S3Error {
  return new S3Error('InvalidRequest', { message });
}
