import { describe, expect, test } from 'vitest';
import type { CorsRule } from '../../engine/cors-documents.ts';
import { corsHeaders, findCorsRule, parseRequestedHeaders } from './rules.ts';

const get = (...AllowedOrigins: string[]): CorsRule => ({ AllowedMethods: ['GET'], AllowedOrigins });
const ask = (origin: string, { method = 'GET', headers = '' } = {}) => ({
  origin,
  method,
  headers: parseRequestedHeaders(headers),
});

describe('origins', () => {
  test.each([
    ['http://a.example', 'http://a.example', true],
    ['http://a.example', 'http://a.example:80', false],
    ['http://a.example', 'https://a.example', false],
    ['http://a.example', 'http://A.example', false],
    ['*', 'null', true],
    ['*.suffix', 'foo.suffix', true],
    ['*.suffix', 'foo.suffix.get', false],
    ['prefix*', 'prefix', true],
    ['start*end', 'startend', true],
    ['start*end', 'start12end', true],
    ['start*end', '0start12end', false],
    ['aba*aba', 'aba', false],
    ['http://*.example', 'http://a.b.example', true],
    ['http://a?example', 'http://a.example', false],
    ['', 'http://a.example', false],
  ])('%s, asked for %s → %s', (pattern, origin, isAllowed) => {
    expect(findCorsRule([get('http://other', pattern)], ask(origin)) !== undefined).toBe(isAllowed);
  });
});

describe('the rule that counts', () => {
  test('of several that allow it → the first; one that does not allow all of it → passed over', () => {
    const [other, first, second] = [get('http://b'), get('http://a'), get('*')];
    expect(findCorsRule([other, first, second], ask('http://a'))).toBe(first);
    expect(findCorsRule([other, second, first], ask('http://a'))).toBe(second);
    const writing: CorsRule = { ...first, AllowedMethods: ['PUT', 'POST'] };
    expect(findCorsRule([first, writing], ask('http://a', { method: 'POST' }))).toBe(writing);
    expect(findCorsRule([first, writing], ask('http://a', { method: 'DELETE' }))).toBeUndefined();
    expect(findCorsRule([first], ask('http://a', { method: 'get' }))).toBeUndefined();
  });

  test.each([
    [undefined, 'x-amz-date', false],
    [[], 'x-amz-date', false],
    [['*'], 'x-amz-date, anything', true],
    [['X-Amz-*'], 'x-amz-date,X-AMZ-META-a', true],
    [['x-amz-*'], 'x-amz-date, content-type', false],
    [['x-amz-*', 'Content-Type'], 'x-amz-date, content-type', true],
    [['x-*-date'], 'x-amz-date', true],
    [['content-type'], ' , ', true],
  ])('headers %j, asked for %s → %s', (AllowedHeaders, headers, isAllowed) => {
    const rule: CorsRule = { ...get('*'), ...(AllowedHeaders && { AllowedHeaders }) };
    expect(findCorsRule([rule], ask('http://a', { headers })) !== undefined).toBe(isAllowed);
  });
});

describe('headers of the answer', () => {
  const vary = ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'];

  test('a rule for all origins → *, and no credentials', () => {
    expect(corsHeaders(get('*'), ask('http://a'))).toEqual([
      ...['Access-Control-Allow-Origin', '*'],
      ...['Access-Control-Allow-Methods', 'GET'],
      ...vary,
    ]);
  });

  test('a rule that names the origin, also by a wildcard → that origin, all methods, and what was asked for', () => {
    const rule: CorsRule = {
      AllowedMethods: ['GET', 'PUT'],
      AllowedOrigins: ['http://*.example'],
      AllowedHeaders: ['*'],
      ExposeHeaders: ['ETag', 'x-amz-request-id'],
      MaxAgeSeconds: 0,
    };
    expect(corsHeaders(rule, ask('http://a.example', { headers: 'X-Amz-Date, Content-Type' }))).toEqual([
      ...['Access-Control-Allow-Origin', 'http://a.example'],
      ...['Access-Control-Allow-Methods', 'GET, PUT'],
      ...['Access-Control-Allow-Headers', 'x-amz-date, content-type'],
      ...['Access-Control-Expose-Headers', 'ETag, x-amz-request-id'],
      ...['Access-Control-Max-Age', '0'],
      ...['Access-Control-Allow-Credentials', 'true'],
      ...vary,
    ]);
  });
});
