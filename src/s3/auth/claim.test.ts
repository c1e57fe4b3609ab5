import { describe, expect, test } from 'vitest';
import {
  authorization,
  date,
  errorOf,
  get,
  header,
  host,
  key,
  options,
  received,
} from '../../../test/support/auth-requests.ts';
import { presign } from '../../../test/support/sigv4-sign.ts';
import { authenticate } from './authenticate.ts';

describe('malformed claims', () => {
  const replaced = (from: string | RegExp, to: string) => authorization((text) => text.replace(from, to));

  test.each([
    [
      'AKID/20260304',
      'AKID',
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    ],
    ['AKID/', '/', 'a non-empty Access Key (AKID) must be provided in the credential.'],
    [
      '20260304/',
      '2026034/',
      'incorrect date format "2026034". This date in the credential must be in the format "yyyyMMdd".',
    ],
    [
      '20260304/',
      '20260305/',
      'Invalid credential date "20260305". This date is not the same as X-Amz-Date: "20260304".',
    ],
    ['us-east-1', 'eu-west-1', "the region 'eu-west-1' is wrong; expecting 'us-east-1'"],
    ['/s3/', '/ec2/', 'incorrect service "ec2". This endpoint belongs to "s3".'],
    ['aws4_request', 'aws5', 'incorrect terminal "aws5". This endpoint uses "aws4_request".'],
    [
      /, Signature=.*/,
      '',
      'the authorization header requires three components: Credential, SignedHeaders, and Signature.',
    ],
    ['Signature=', 'Signature', /^the authorization component "Signature[0-9a-f]{64}" is malformed\.$/],
  ])('%s → %s', (from, to, reason) => {
    const error = errorOf(replaced(from, to));
    expect(error).toMatchObject({ code: 'AuthorizationHeaderMalformed', status: 400 });
    const message = error instanceof Error ? error.message : '';
    const [head, tail] = [message.slice(0, 38), message.slice(38)];
    expect(head).toBe('The authorization header is malformed;');
    expect(tail.slice(1)).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
  });

  test('another region that the server accepts → verified', () => {
    const wire = header({}, { ...key, region: 'eu-west-1' });
    const accepting = { ...options, acceptsRegion: (region: string) => region === 'eu-west-1' };
    expect(authenticate(received(wire), accepting)).toMatchObject({ region: 'eu-west-1' });
    expect(errorOf(received(wire))).toMatchObject({ fields: { Region: 'us-east-1' } });
  });

  test('other schemes → the sentences AWS answers', () => {
    const scheme = (text: string) => errorOf(received(header(), { authorization: text }));
    expect(scheme('Basic dXNlcjpwYXNz')).toMatchObject({
      code: 'InvalidArgument',
      message: 'Unsupported Authorization Type',
      fields: { ArgumentName: 'Authorization', ArgumentValue: 'Basic dXNlcjpwYXNz' },
    });
    const v2 = {
      code: 'InvalidRequest',
      message: 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    };
    expect(scheme('AWS AKID:c2lnbmF0dXJl')).toMatchObject(v2);
    const rawQuery = 'AWSAccessKeyId=AKID&Signature=x&Expires=1';
    expect(errorOf(received({ method: 'GET', rawPath: '/b', rawQuery, headers: host }))).toMatchObject(v2);
  });

  test('both header and query → InvalidArgument', () => {
    const wire = header();
    const { rawQuery } = presign(get, key, { date, expiresSeconds: 60 });
    expect(errorOf(received({ ...wire, rawQuery }))).toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringMatching(/^Only one auth mechanism allowed; /),
    });
  });

  test.each([
    ['X-Amz-Expires=60', 'X-Amz-Expires=604801', /must be less than a week/],
    ['X-Amz-Expires=60', 'X-Amz-Expires=-1', /must be non-negative/],
    ['X-Amz-Expires=60', 'X-Amz-Expires=1e3', /should be a number/],
    ['X-Amz-Expires=60', 'x=y', /^Query-string authentication version 4 requires the X-Amz-Algorithm, /],
    ['X-Amz-Date=2026', 'X-Amz-Date=', /X-Amz-Date must be in the ISO8601 Long Format/],
    ['us-east-1', 'eu-west-1', /^Error parsing the X-Amz-Credential parameter; the region 'eu-west-1' is wrong/],
    ['AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1', /^X-Amz-Algorithm only supports/],
  ])('presigned with %s as %s → AuthorizationQueryParametersError', (from, to, message) => {
    const wire = presign(get, key, { date, expiresSeconds: 60 });
    const error = errorOf(received({ ...wire, rawQuery: wire.rawQuery.replace(from, to) }));
    expect(error).toMatchObject({ code: 'AuthorizationQueryParametersError', message: expect.stringMatching(message) });
  });
});
