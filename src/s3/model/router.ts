/**
 * Which operation a request asks for: a pure function over the operation table. Its errors come before authentication, as
 * AWS's do.
 *
 * A sub-resource is a query parameter that selects an operation (`?acl`, `?uploadId=…`); each request names at most one. The
 * rows of a method, target and sub-resource are tried from the most to the least demanding, and no two demand the same
 * (a test proves it), so exactly one fits. Other query parameters are ignored, as AWS ignores them, with one exception:
 * a write with a bare parameter that nobody knows (`PUT key?novelty`) may be a sub-resource newer than this server, and
 * taking it for a plain PutObject would overwrite the object. It is NotImplemented.
 */
import { S3Error, type S3ErrorOptions } from '../errors.ts';
import type { OperationSchema, Target } from './schema.ts';
import { operationTable } from './table.generated.ts';
import type { OperationName } from './types.ts';

/** Headers by lower-case name, as node:http gives them. */
export type HeaderMap = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface RouteRequest {
  readonly method: string;
  /** What the host and path name. */
  readonly target: Target;
  /** Query parameters, decoded; of a repeated one the first. */
  readonly query: ReadonlyMap<string, string>;
  readonly headers: HeaderMap;
  /** Of a request to S3 Control: its path, as the table has it. */
  readonly path?: string | undefined;
}

export type Route =
  | { readonly kind: 'operation'; readonly name: OperationName }
  /** A browser's form (POST Object), which the table does not have: AWS's model knows no operation for it. */
  | { readonly kind: 'form' }
  | { readonly kind: 'failure'; readonly error: S3Error };

/** One operation and what a request must carry to mean it. */
export interface RouteRow {
  readonly name: OperationName;
  readonly method: OperationSchema['method'];
  readonly target: Target;
  /** The query parameter, or of S3 Control the path, that selects it, if any. */
  readonly subResource: string;
  /** Further parameters with the value they must have. */
  readonly literals: readonly (readonly [name: string, value: string])[];
  readonly query: readonly string[];
  readonly headers: readonly string[];
}

const methods = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE']);
/** Query literals that refine an operation without naming a sub-resource. */
const refinements = new Set(['list-type', 'select-type']);
/** On AWS it has an endpoint of its own; here only the SDK's hint can tell it from ListBuckets. */
const literalOverrides: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ListDirectoryBuckets: { 'x-id': 'ListDirectoryBuckets' },
};
const copySource = 'x-amz-copy-source';

// The keys of a record of all operation names are operation names.
const names = Object.keys(operationTable) as OperationName[];

function rowOf(name: OperationName): RouteRow {
  const operation = operationTable[name];
  const literals = Object.entries(literalOverrides[name] ?? operation.literals);
  const required = operation.input.members.filter((member) => member.required === true);
  const query = required.filter((member) => member.in === 'query').map((member) => member.as);
  const headers = required.filter((member) => member.in === 'header').map((member) => member.as);
  const named = operation.path ?? literals.find(([key, value]) => value === '' && !refinements.has(key))?.[0];
  const subResource = named ?? (query.includes('uploadId') ? 'uploadId' : '');
  return {
    name,
    method: operation.method,
    target: operation.target,
    subResource,
    literals: literals.filter(([key]) => key !== subResource),
    query: query.filter((key) => key !== subResource),
    // A request that names its sub-resource and lacks a header means this operation all the same: the decoder says what is missing.
    headers: named === undefined ? headers : [],
  };
}

/** Every operation as a row of the routing table, the most demanding first. */
export const routeRows: readonly RouteRow[] = names.map(rowOf).sort((a, b) => demand(b) - demand(a));

function demand(row: RouteRow): number {
  return row.literals.length + row.query.length + row.headers.length;
}

const rowsByPlace = Map.groupBy(routeRows, (row) => place(row.method, row.target, row.subResource));
/** Query parameters that select an operation. */
export const subResources: ReadonlySet<string> = new Set(
  routeRows.flatMap(({ target, subResource }) => (target === 'account' || subResource === '' ? [] : subResource)),
);
/** Query parameters that some operation takes. */
const knownParameters = new Set(
  names.flatMap((name) =>
    operationTable[name].input.members.filter((member) => member.in === 'query').map((member) => member.as),
  ),
);
const copying = new Set(routeRows.filter((row) => row.headers.includes(copySource)).map((row) => row.name));

function place(method: string, target: Target, subResource: string): string {
  return `${method} ${target} ${subResource}`;
}

function fits(row: RouteRow, request: RouteRequest, alone: boolean): boolean {
  // One row with a sub-resource needs no telling apart; what it lacks is for the decoder to say.
  if (alone && row.subResource !== '' && row.subResource !== 'uploadId') return true;
  return (
    row.literals.every(([name, value]) => request.query.get(name) === value) &&
    row.query.every((name) => request.query.has(name)) &&
    row.headers.every((name) => request.headers[name] !== undefined)
  );
}

function failure(code: S3Error['code'], options: S3ErrorOptions = {}): Route {
  return { kind: 'failure', error: new S3Error(code, options) };
}

function invalidArgument(message: string, [name, value]: readonly [name: string, value: string]): Route {
  return failure('InvalidArgument', { message, fields: { ArgumentName: name, ArgumentValue: value } });
}

function methodNotAllowed(request: RouteRequest, subResource: string): Route {
  const allowed = [...methods].filter((method) => rowsByPlace.has(place(method, request.target, subResource)));
  return failure('MethodNotAllowed', {
    fields: { Method: request.method, ResourceType: (subResource || request.target).toUpperCase() },
    headers: allowed.length === 0 ? {} : { Allow: allowed.join(', ') },
  });
}

/** The request names no operation of the table: what else it is, or why not. */
function otherRoute(request: RouteRequest, subResource: string): Route {
  const { method, target } = request;
  if (method === 'POST' && target === 'bucket' && subResource === '') return formRoute(request);
  const rowsHere = rowsByPlace.has(place(method, target, subResource));
  if (subResource === '' || rowsHere) return methodNotAllowed(request, subResource);
  if (target === 'object' && rowsByPlace.has(place(method, 'bucket', subResource))) {
    const message = `Key is not expected for the ${method} method ?${subResource} subresource`;
    return failure('InvalidRequest', { message });
  }
  if (target !== 'object' && rowsByPlace.has(place(method, 'object', subResource))) {
    return failure('InvalidRequest', { message: 'A key must be specified' });
  }
  return methodNotAllowed(request, subResource);
}

/** A POST to a bucket is a browser's form (POST Object), or nothing. */
function formRoute(request: RouteRequest): Route {
  const contentType = String(request.headers['content-type'] ?? '');
  if (!/^multipart\/form-data *(;|$)/i.test(contentType)) {
    const condition = 'Bucket POST must be of the enclosure-type multipart/form-data';
    return failure('PreconditionFailed', { fields: { Condition: condition } });
  }
  const unknown = unknownSubResource(request.query);
  return unknown === undefined ? { kind: 'form' } : notImplemented(unknown);
}

/** A bare parameter that no operation knows. */
function unknownSubResource(query: ReadonlyMap<string, string>): string | undefined {
  for (const [name, value] of query) {
    if (value !== '' || subResources.has(name) || refinements.has(name) || knownParameters.has(name)) continue;
    if (!name.toLowerCase().startsWith('x-')) return name;
  }
  return undefined;
}

/** Parameters that contradict the operation that was found. */
function contradiction(request: RouteRequest, row: RouteRow): Route | undefined {
  const { query, headers, method } = request;
  if (headers[copySource] !== undefined && !copying.has(row.name)) {
    const value = String(headers[copySource]);
    return invalidArgument('You can only specify a copy source header for copy requests.', [copySource, value]);
  }
  if (query.size === 0) return undefined;
  const listType = query.get('list-type');
  if (row.name === 'ListObjects' && listType !== undefined) {
    return invalidArgument('Invalid List Type specified in Request', ['list-type', listType]);
  }
  if (method === 'GET' || method === 'HEAD') return undefined;
  const partNumber = query.get('partNumber');
  if (partNumber !== undefined && row.subResource !== 'uploadId') {
    const message = 'This operation does not accept partNumber without uploadId';
    return invalidArgument(message, ['partNumber', partNumber]);
  }
  const unknown = unknownSubResource(query);
  return unknown === undefined ? undefined : notImplemented(unknown);
}

function notImplemented(subResource: string): Route {
  return failure('NotImplemented', { message: `The sub-resource ?${subResource} is not implemented` });
}

/** S3 Control has many more operations than are here. */
function routeControl(request: RouteRequest): Route {
  const { method, path = '' } = request;
  const found = rowsByPlace.get(place(method, 'account', path))?.[0];
  if (found !== undefined) return { kind: 'operation', name: found.name };
  if (routeRows.some(({ target, subResource }) => target === 'account' && subResource === path)) {
    return methodNotAllowed(request, path);
  }
  return failure('NotImplemented', { message: `${method} /${path} of S3 Control is not implemented` });
}

/** The operation that a request asks for, or the error that routing gives. */
export function route(request: RouteRequest): Route {
  if (!methods.has(request.method)) return methodNotAllowed(request, '');
  if (request.target === 'account') return routeControl(request);
  let subResource = '';
  for (const name of request.query.keys()) {
    if (!subResources.has(name)) continue;
    if (subResource !== '') {
      const message = `Conflicting query string parameters: ${subResource}, ${name}`;
      return invalidArgument(message, ['ResourceType', subResource]);
    }
    subResource = name;
  }
  const rows = rowsByPlace.get(place(request.method, request.target, subResource)) ?? [];
  const found = rows.find((row) => fits(row, request, rows.length === 1));
  if (found === undefined) return otherRoute(request, subResource);
  return contradiction(request, found) ?? { kind: 'operation', name: found.name };
}
