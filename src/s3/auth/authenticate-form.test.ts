/** Signatures of forms: AWS's own example, and every field that is missing, malformed or changed. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { date, identity, key, options } from '../../../test/support/auth-requests.ts';
import { formCredentials, formSignature } from '../../../test/support/sigv4-sign.ts';
import { authenticateForm } from './authenticate-form.ts';

type Fields = Readonly<Record<string, string | undefined>>;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html */
const example = {
  policy: [
    '{ "expiration": "2015-12-30T12:00:00.000Z",',
    '  "conditions": [',
    '    {"bucket": "sigv4examplebucket"},',
    '    ["starts-with", "$key", "user/user1/"],',
    '    {"acl": "public-read"},',
    '    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},',
    '    ["starts-with", "$Content-Type", "image/"],',
    '    {"x-amz-meta-uuid": "14365123651274"},',
    '    {"x-amz-server-side-encryption": "AES256"},',
    '    ["starts-with", "$x-amz-meta-tag", ""],',
    '',
    '    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},',
    '    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},',
    '    {"x-amz-date": "20151229T000000Z" }',
    '  ]',
    '}',
  ].join('\r\n'),
  signature: '8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e',
};

function outcome(fields: Fields, more: Partial<typeof options & { signatureVersion2: boolean }> = {}): unknown {
  const sent = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), { name, value }] as const],
  );
  try {
    return authenticateForm(new Map(sent), { ...options, ...more });
  } catch (error) {
    return error;
  }
}

const policy = Buffer.from('{"some": "policy"}').toString('base64');
const credentials = formCredentials(key, date);
const signed = { ...credentials, policy, 'x-amz-signature': formSignature(policy, key, date) };
const signedV2 = {
  AWSAccessKeyId: key.accessKeyId,
  policy,
  signature: createHmac('sha1', key.secretAccessKey).update(policy).digest('base64'),
};
const version2 = { signatureVersion2: true };
const dayMs = 24 * 60 * 60 * 1000;

describe('Version 4', () => {
  test('AWS’s example → signed', () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
    const findSecret = (id: string) => (id === 'AKIAIOSFODNN7EXAMPLE' ? { secret, identity } : undefined);
    const fields = {
      'X-Amz-Credential': 'AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request',
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Date': '20151229T000000Z',
      Policy: Buffer.from(example.policy).toString('base64'),
      'X-Amz-Signature': example.signature,
    };
    const nowMs = Date.UTC(2015, 11, 29);
    expect(outcome(fields, { findSecret, nowMs })).toMatchObject({ kind: 'signed', mode: 'form', signedMs: nowMs });
    const changed = { ...fields, Policy: Buffer.from(example.policy.replace('user1', 'user2')).toString('base64') };
    expect(outcome(changed, { findSecret, nowMs })).toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  test('a signature that is another’s → told what was signed', () => {
    const cut = policy.slice(0, -2);
    expect(outcome({ ...signed, policy: cut })).toMatchObject({
      code: 'SignatureDoesNotMatch',
      status: 403,
      fields: { AWSAccessKeyId: 'AKID', StringToSign: cut, SignatureProvided: signed['x-amz-signature'] },
    });
    const other = { ...key, secretAccessKey: 'other' };
    expect(outcome({ ...signed, 'x-amz-signature': formSignature(policy, other, date) })).toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
  });

  test.each(['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Signature', 'Policy'])(
    'no %s, or an empty one → named',
    (name) => {
      const field = name.toLowerCase();
      for (const value of [undefined, '']) {
        expect(outcome({ ...signed, [field]: value })).toMatchObject({
          code: 'InvalidArgument',
          message: `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
          fields: { ArgumentName: name, ArgumentValue: '' },
        });
      }
    },
  );

  const credential = (change: (text: string) => string) => ({
    'x-amz-credential': change(credentials['x-amz-credential'] ?? ''),
  });
  test.each<[string, Fields, string]>([
    [
      'another algorithm',
      { 'x-amz-algorithm': 'AWS4-ECDSA-P256-SHA256' },
      'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"',
    ],
    ['a date that is none', { 'x-amz-date': '2026-03-04' }, 'X-Amz-Date must be formated via ISO8601 Long format'],
    [
      'another region',
      credential((text) => text.replace('us-east-1', 'eu-west-1')),
      "the region 'eu-west-1' is wrong; expecting 'us-east-1'",
    ],
    [
      'another service',
      credential((text) => text.replace('/s3/', '/iam/')),
      'incorrect service "iam". This endpoint belongs to "s3".',
    ],
    [
      'no key',
      credential((text) => text.replace('AKID', '')),
      'a non-empty Access Key (AKID) must be provided in the credential.',
    ],
    [
      'another day',
      { 'x-amz-date': '20260305T050607Z' },
      'Invalid credential date "20260304". This date is not the same as X-Amz-Date: "20260305".',
    ],
    ['Version 2 as well', { signature: 'x' }, 'Only one auth mechanism allowed'],
  ])('%s → InvalidArgument', (_, change, message) => {
    expect(outcome({ ...signed, ...change })).toMatchObject({ code: 'InvalidArgument', message });
  });

  test('a key that is not there, or wants a token → InvalidAccessKeyId', () => {
    for (const id of ['NOBODY', 'TEMP']) {
      const fields = { ...signed, ...credential((text) => text.replace('AKID', id)) };
      expect(outcome(fields)).toMatchObject({ code: 'InvalidAccessKeyId', fields: { AWSAccessKeyId: id } });
    }
  });

  test('a week → good; longer, or from the future → AccessDenied', () => {
    const at = (ms: number) => outcome(signed, { nowMs: date.getTime() + ms });
    expect(at(7 * dayMs)).toMatchObject({ kind: 'signed' });
    expect(at(7 * dayMs + 1000)).toMatchObject({ code: 'AccessDenied', message: 'Request has expired' });
    expect(at(-15 * 60_000)).toMatchObject({ kind: 'signed' });
    expect(at(-16 * 60_000)).toMatchObject({ code: 'AccessDenied', message: 'Request is not yet valid' });
  });
});

describe('Version 2', () => {
  test('where a setting says so → signed; else refused', () => {
    expect(outcome(signedV2, version2)).toMatchObject({
      kind: 'signed',
      version: 'AWS',
      mode: 'form',
      signedMs: undefined,
    });
    expect(outcome(signedV2)).toMatchObject({ code: 'InvalidRequest' });
    expect(outcome({ ...signedV2, policy: 'e30=' }, version2)).toMatchObject({ code: 'SignatureDoesNotMatch' });
    expect(outcome({ ...signedV2, AWSAccessKeyId: 'NOBODY' }, version2)).toMatchObject({ code: 'InvalidAccessKeyId' });
  });

  test.each(['AWSAccessKeyId', 'Signature', 'Policy'])('no %s → named', (name) => {
    const fields = Object.fromEntries(
      Object.entries(signedV2).filter(([field]) => field.toLowerCase() !== name.toLowerCase()),
    );
    expect(outcome(fields, version2)).toMatchObject({ code: 'InvalidArgument', fields: { ArgumentName: name } });
  });
});

test('a form without a field of a signature → anonymous', () => {
  expect(outcome({ key: 'k', policy })).toEqual({ kind: 'anonymous', payload: { kind: 'none' } });
});
