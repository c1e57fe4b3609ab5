/**
 * Who has signed a form: the field `policy` is the text that is signed, by Version 4 or, where a setting says so, by
 * Version 2. A form without any field of a signature is nobody's.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
 */

import { mismatchFields, signatureMatches, signingKey } from '../../lib/sigv4/signing-key.ts';
import { parseBasicTimestamp } from '../../lib/sigv4/timestamps.ts';
import { S3Error } from '../errors.ts';
import type { FormFields } from '../forms/upload-form.ts';
import { findAccessKey } from './access-key.ts';
import { type AuthenticateOptions, scopeRules } from './authenticate.ts';
import { readCredential, requireSameDay, unsupportedMechanism } from './claim.ts';
import { signatureV2Matches } from './signature-v2.ts';
import type { Authentication } from './types.ts';
import { requireUnexpired, skewMaxMs } from './validity.ts';

const versionFour = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Signature'] as const;
const versionTwo = ['AWSAccessKeyId', 'Signature'] as const;

/** A key that signs is good for a week, and so is what it has signed. */
const signatureAgeMaxMs = 7 * 24 * 60 * 60 * 1000;

type Options = Pick<AuthenticateOptions, 'findSecret' | 'region' | 'acceptsRegion' | 'signatureVersion2' | 'nowMs'>;

/** Throws S3Error with the codes and sentences of AWS. The policy is not looked into, so nothing of it is believed before. */
export function authenticateForm(fields: FormFields, options: Options): Authentication {
  const has = (name: string) => fields.has(name.toLowerCase());
  const [isV4, isV2] = [versionFour.some(has), versionTwo.some(has)];
  if (!isV4 && !isV2) return { kind: 'anonymous', payload: { kind: 'none' } };
  if (isV4 && isV2) {
    throw invalid('Only one auth mechanism allowed', { name: 'X-Amz-Signature', value: '' });
  }
  return isV4 ? authenticateV4(fields, options) : authenticateV2(fields, options);
}

function authenticateV4(fields: FormFields, options: Options): Authentication {
  const { nowMs, findSecret } = options;
  const algorithm = required(fields, 'X-Amz-Algorithm');
  const credential = required(fields, 'X-Amz-Credential');
  const dateText = required(fields, 'X-Amz-Date');
  const signature = required(fields, 'X-Amz-Signature');
  const policy = required(fields, 'Policy');
  if (algorithm !== 'AWS4-HMAC-SHA256') {
    throw invalid('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"', { name: 'X-Amz-Algorithm', value: algorithm });
  }
  const date = parseBasicTimestamp(dateText);
  if (date === undefined) {
    throw invalid('X-Amz-Date must be formated via ISO8601 Long format', { name: 'X-Amz-Date', value: dateText });
  }
  const malformed = (reason: string, more: Record<string, string> = {}) =>
    invalid(reason, { name: 'X-Amz-Credential', value: credential, more });
  const { accessKeyId, scope } = readCredential(credential, malformed, scopeRules(options));
  requireSameDay(scope, date, malformed);
  const { secret, identity } = findAccessKey({ accessKeyId, sessionToken: sessionToken(fields) }, findSecret);
  if (date.epochMs - nowMs > skewMaxMs) throw new S3Error('AccessDenied', { message: 'Request is not yet valid' });
  requireUnexpired(date.epochMs + signatureAgeMaxMs, { nowMs });
  const signed = { stringToSign: policy, signature };
  if (!signatureMatches(signingKey(secret, scope), signed)) throw mismatch(accessKeyId, signed);
  const { region } = scope;
  const who = { identity, accessKeyId, region, signedMs: date.epochMs };
  return { kind: 'signed', version: 'AWS4-HMAC-SHA256', mode: 'form', ...who, payload: { kind: 'none' } };
}

function authenticateV2(fields: FormFields, options: Options): Authentication {
  const accessKeyId = required(fields, 'AWSAccessKeyId');
  const signature = required(fields, 'Signature');
  const policy = required(fields, 'Policy');
  if (options.signatureVersion2 !== true) throw new S3Error('InvalidRequest', { message: unsupportedMechanism });
  const { secret, identity } = findAccessKey({ accessKeyId, sessionToken: sessionToken(fields) }, options.findSecret);
  if (!signatureV2Matches(secret, { text: policy, signature })) {
    throw mismatch(accessKeyId, { stringToSign: policy, signature });
  }
  const who = { identity, accessKeyId, region: options.region, signedMs: undefined };
  return { kind: 'signed', version: 'AWS', mode: 'form', ...who, payload: { kind: 'none' } };
}

function sessionToken(fields: FormFields): string | undefined {
  return fields.get('x-amz-security-token')?.value;
}

function required(fields: FormFields, name: string): string {
  const value = fields.get(name.toLowerCase())?.value;
  if (value) return value;
  throw missingField(name);
}

/** The error for a field that a form must have. What comes after the file is not looked at, hence the advice. */
export function missingField(name: string): S3Error {
  const advice = 'If it is specified, please check the order of the fields.';
  return invalid(`Bucket POST must contain a field named '${name}'.  ${advice}`, { name, value: '' });
}

interface Argument {
  readonly name: string;
  readonly value: string;
  readonly more?: Readonly<Record<string, string>>;
}

function invalid(message: string, { name, value, more }: Argument): S3Error {
  return new S3Error('InvalidArgument', { message, fields: { ArgumentName: name, ArgumentValue: value, ...more } });
}

function mismatch(accessKeyId: string, signed: Parameters<typeof mismatchFields>[1]): S3Error {
  return new S3Error('SignatureDoesNotMatch', { fields: mismatchFields(accessKeyId, signed) });
}
