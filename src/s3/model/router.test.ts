import { describe, expect, test } from 'vitest';
import { type HeaderMap, type RouteRow, route, routeRows } from './router.ts';
import type { Target } from './schema.ts';
import { operationTable } from './table.generated.ts';

interface Request {
  readonly target?: Target;
  readonly query?: string;
  readonly headers?: HeaderMap;
  readonly path?: string;
}

function ask(method: string, { target = 'object', query = '', headers = {}, path }: Request = {}): string {
  const found = route({ method, target, query: new Map(new URLSearchParams(query)), headers, path });
  if (found.kind === 'operation') return found.name;
  if (found.kind === 'form') return 'form';
  return `${found.error.status} ${found.error.code}`;
}

const form = { 'content-type': 'multipart/form-data; boundary=x' };
const otherForm = { 'content-type': 'application/x-www-form-urlencoded' };

function queryOf(row: RouteRow): string {
  const query = new URLSearchParams(row.literals.map(([name, value]) => [name, value]));
  if (row.subResource !== '') query.set(row.subResource, row.subResource === 'uploadId' ? 'u' : '');
  for (const name of row.query) query.set(name, '1');
  return query.toString();
}

function minimal(row: RouteRow): Request {
  if (row.target === 'account') return { target: row.target, path: row.subResource };
  return {
    target: row.target,
    query: queryOf(row),
    headers: Object.fromEntries(row.headers.map((name) => [name, 'x'])),
  };
}

describe('unambiguity', () => {
  test('there is a row for every operation', () => {
    expect(routeRows.map((row) => row.name).sort()).toEqual(Object.keys(operationTable).sort());
  });

  test.each(routeRows)('$method $target means $name by its own minimal request', (row) => {
    expect(ask(row.method, minimal(row))).toBe(row.name);
  });

  test('no two operations demand the same', () => {
    const demands = routeRows.map((row) =>
      JSON.stringify([
        row.method,
        row.target,
        row.subResource,
        row.literals,
        [...row.query].sort(),
        [...row.headers].sort(),
      ]),
    );
    expect(new Set(demands).size).toBe(demands.length);
  });

  test('of two rows for one place, the one that demands more demands all that the other does', () => {
    for (const row of routeRows) {
      for (const other of routeRows) {
        const same =
          row.method === other.method && row.target === other.target && row.subResource === other.subResource;
        if (!same || row === other) continue;
        const [more, less] = routeRows.indexOf(row) < routeRows.indexOf(other) ? [row, other] : [other, row];
        const all = [...more.query, ...more.headers, ...more.literals.map(([name]) => name)];
        for (const name of [...less.query, ...less.headers])
          expect(all, `${more.name} and ${less.name}`).toContain(name);
      }
    }
  });

  test('two sub-resources in one request are refused, for every pair', () => {
    const places = routeRows.filter((row) => row.subResource !== '' && row.target !== 'account');
    for (const row of places) {
      for (const other of places) {
        if (other.target !== row.target || other.subResource === row.subResource) continue;
        const query = `${queryOf(row)}&${queryOf(other)}`;
        expect(ask(row.method, { target: row.target, query }), query).toBe('400 InvalidArgument');
      }
    }
  });

  test.each(routeRows)('$name is found with parameters that mean nothing, signed or presigned', (row) => {
    const request = minimal(row);
    const extra =
      'x-foo=bar&foo=bar&X-Amz-Signature=00&X-Amz-Date=1&AWSAccessKeyId=A&Expires=1&Signature=s&response-expires=0';
    expect(ask(row.method, { ...request, query: `${request.query}&${extra}` })).toBe(row.name);
  });
});

describe('telling operations apart', () => {
  test.each([
    ['PUT', {}, 'PutObject'],
    ['PUT', { query: 'x-id=CopyObject' }, 'PutObject'],
    ['PUT', { headers: { 'x-amz-copy-source': 'b/k' } }, 'CopyObject'],
    ['PUT', { query: 'partNumber=1&uploadId=u' }, 'UploadPart'],
    ['PUT', { query: 'partNumber=1&uploadId=u', headers: { 'x-amz-copy-source': 'b/k' } }, 'UploadPartCopy'],
    ['GET', { query: 'partNumber=1&versionId=v' }, 'GetObject'],
    ['GET', { query: 'uploadId=u' }, 'ListParts'],
    ['GET', { target: 'bucket', query: 'prefix=a&max-keys=3' }, 'ListObjects'],
    ['GET', { target: 'bucket', query: 'list-type=2&prefix=a' }, 'ListObjectsV2'],
    ['GET', { target: 'bucket', query: 'analytics' }, 'ListBucketAnalyticsConfigurations'],
    ['GET', { target: 'bucket', query: 'analytics&id=1' }, 'GetBucketAnalyticsConfiguration'],
    ['GET', { target: 'service' }, 'ListBuckets'],
    ['GET', { target: 'service', query: 'x-id=ListDirectoryBuckets' }, 'ListDirectoryBuckets'],
    ['GET', { query: 'attributes' }, 'GetObjectAttributes'],
    ['PUT', { target: 'bucket', query: 'analytics' }, 'PutBucketAnalyticsConfiguration'],
  ] satisfies [string, Request, string][])('%s %j → %s', (method, request, expected) => {
    expect(ask(method, request)).toBe(expected);
  });
});

describe('S3 Control', () => {
  const ask = (method: string, path: string) => {
    const found = route({ method, target: 'account', query: new Map(), headers: {}, path });
    if (found.kind === 'form') return 'form';
    return found.kind === 'operation' ? found.name : found.error.code;
  };
  test.each([
    ['GET', 'configuration/publicAccessBlock', 'GetAccountPublicAccessBlock'],
    ['DELETE', 'configuration/publicAccessBlock', 'DeleteAccountPublicAccessBlock'],
    ['POST', 'tags', 'TagResource'],
    ['POST', 'configuration/publicAccessBlock', 'MethodNotAllowed'],
    ['GET', 'accesspoint', 'NotImplemented'],
    ['GET', '', 'NotImplemented'],
  ])('%s %s → %s', (method, path, expected) => {
    expect(ask(method, path)).toBe(expected);
  });
});

describe('failures', () => {
  test.each([
    ['an unsupported method', 'PATCH', {}, '405 MethodNotAllowed'],
    ['POST to the service', 'POST', { target: 'service' }, '405 MethodNotAllowed'],
    ['POST to a key', 'POST', {}, '405 MethodNotAllowed'],
    ['a part without its number', 'PUT', { query: 'uploadId=u' }, '405 MethodNotAllowed'],
    ['a part number without an upload', 'PUT', { query: 'partNumber=1' }, '400 InvalidArgument'],
    ['?acl with DELETE', 'DELETE', { query: 'acl' }, '405 MethodNotAllowed'],
    ['a bucket sub-resource on a key', 'GET', { query: 'uploads' }, '400 InvalidRequest'],
    ['?versions on a key', 'GET', { query: 'versions' }, '400 InvalidRequest'],
    ['a key sub-resource on a bucket', 'PUT', { target: 'bucket', query: 'retention' }, '400 InvalidRequest'],
    ['a copy source on GET', 'GET', { headers: { 'x-amz-copy-source': 'b/k' } }, '400 InvalidArgument'],
    [
      'a copy source on POST',
      'POST',
      { query: 'uploads', headers: { 'x-amz-copy-source': 'b/k' } },
      '400 InvalidArgument',
    ],
    ['list-type=3', 'GET', { target: 'bucket', query: 'list-type=3' }, '400 InvalidArgument'],
    ['a new sub-resource on PUT', 'PUT', { query: 'novelty' }, '501 NotImplemented'],
    ['a new sub-resource on DELETE', 'DELETE', { query: 'novelty=' }, '501 NotImplemented'],
    ['a form', 'POST', { target: 'bucket', headers: form }, 'form'],
    ['a form with a parameter of no meaning', 'POST', { target: 'bucket', query: 'a=b', headers: form }, 'form'],
    ['a form with a sub-resource', 'POST', { target: 'bucket', query: 'acl', headers: form }, '405 MethodNotAllowed'],
    ['a form with a new sub-resource', 'POST', { target: 'bucket', query: 'new', headers: form }, '501 NotImplemented'],
    ['a form sent to an object', 'POST', { headers: form }, '405 MethodNotAllowed'],
    ['a form of another kind', 'POST', { target: 'bucket', headers: otherForm }, '412 PreconditionFailed'],
    ['POST to a bucket without a form', 'POST', { target: 'bucket' }, '412 PreconditionFailed'],
  ] satisfies [string, string, Request, string][])('%s', (_, method, request, expected) => {
    expect(ask(method, request)).toBe(expected);
  });

  test('a sub-resource never falls through to an operation on the object itself', () => {
    const plain = ['PutObject', 'GetObject', 'DeleteObject', 'HeadObject', 'CopyObject'];
    for (const { subResource } of routeRows.filter((row) => row.subResource !== '' && row.target !== 'account')) {
      for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
        expect(plain, `${method} ?${subResource}`).not.toContain(ask(method, { query: subResource }));
      }
    }
  });

  test('a bare parameter on a read is ignored, as AWS does', () => {
    expect(ask('GET', { query: '20260131' })).toBe('GetObject');
  });

  test('MethodNotAllowed names the methods that are allowed', () => {
    const found = route({ method: 'POST', target: 'object', query: new Map([['tagging', '']]), headers: {} });
    expect(found.kind === 'failure' && found.error.headers).toEqual({ Allow: 'GET, PUT, DELETE' });
  });
});
