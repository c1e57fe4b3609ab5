/**
 * The codec against AWS's own: what the SDK writes for a random input is routed to that operation and decoded to that input,
 * and what the encoder writes for a random output is read by the SDK as that output. For every operation.
 */

import { Readable } from 'node:stream';
import * as sdk from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decoderOf } from './decode.ts';
import { encoderOf } from './encode.ts';
import { route } from './router.ts';
import type { MemberSchema, Type } from './schema.ts';
import { enumTable, operationTable, structureTable } from './table.generated.ts';
import type { OperationName } from './types.ts';

type Values = Record<string, unknown>;

const client = new S3Client({ region: 'us-east-1', endpoint: 'http://127.0.0.1:1', forcePathStyle: true });
const endpoint = { protocol: 'http:', hostname: '127.0.0.1', port: 1, path: '/' };
/** Those of S3; what is served of S3 Control is proved by its clients. */
const names = Object.entries(operationTable).flatMap(([name, { target }]) =>
  target === 'account' ? [] : [name as OperationName],
);

/** Text that XML and query parameters carry. */
const anyText = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => {
  // The SDK takes white space with a line feed for indentation.
  return !/[\0\ufffe\uffff]/.test(text) && !(text.trim() === '' && text.includes('\n'));
});
/** Text that header fields carry without changing it. */
const headerText = fc.stringMatching(/^[a-zA-Z0-9]([ -+.-9;-~]{0,10}[a-zA-Z0-9])?$/);
const seconds = fc.integer({ min: 0, max: 4_000_000_000 });

/** Of text in a query or alone in a body, the SDK does not tell the empty one from none. */
function textOf(member: MemberSchema): fc.Arbitrary<string> {
  if (member.in === 'header') return headerText;
  return member.in === 'element' ? anyText : anyText.filter((text) => text !== '');
}

function arbitraryOf(type: Type, member: MemberSchema, depth: number): fc.Arbitrary<unknown> {
  if (type === 'string') return textOf(member);
  if (type === 'integer') return fc.integer({ min: 1, max: 10_000 });
  if (type === 'boolean') return fc.boolean();
  if (type === 'iso-date' || type === 'http-date') return seconds.map((value) => new Date(value * 1000));
  if (type === 'string-map')
    return fc.dictionary(fc.stringMatching(/^[a-z0-9-]{1,8}$/), headerText, { minKeys: 1, maxKeys: 3 });
  if (typeof type === 'string') return fc.constant(undefined);
  if ('enum' in type) return fc.constantFrom(...(enumTable[type.enum] ?? []));
  if ('structure' in type) return arbitraryMembers(structureTable[type.structure] ?? [], depth + 1);
  return fc.array(arbitraryOf(type.list, member, depth + 1), { minLength: 1, maxLength: 3 });
}

function isLeft(member: MemberSchema): boolean {
  // Streams pass the codec by; Expires is text here and a date in the SDK.
  return (
    member.type === 'stream' ||
    member.type === 'events' ||
    member.name === 'Expires' ||
    member.name === 'ResponseExpires'
  );
}

function arbitraryMembers(members: readonly MemberSchema[], depth: number): fc.Arbitrary<Values> {
  const kept = members.filter((member) => !isLeft(member) && (depth < 4 || member.required === true));
  return fc.record(Object.fromEntries(kept.map((member) => [member.name, arbitraryOf(member.type, member, depth)])), {
    requiredKeys: kept.filter((member) => member.required === true).map((member) => member.name),
    noNullPrototype: true,
  });
}

function schemaOf(name: OperationName): { input: unknown; output: unknown } {
  const schema: unknown = Reflect.get(sdk, `${name}$`);
  if (!Array.isArray(schema)) throw new Error(`${name} has no schema`);
  const [, namespace, operationName, traits, input, output] = schema;
  return Object.assign({ namespace, name: operationName, traits }, { input, output });
}

// The SDK's protocol object is driven directly, below its middleware; its types expect a whole client's context.
const { protocol }: { protocol: unknown } = client.config;
const context = { ...client.config, endpoint: () => Promise.resolve(endpoint) };
async function callProtocol(method: string, ...args: unknown[]): Promise<unknown> {
  const found: unknown = Reflect.get(Object(protocol), method);
  if (typeof found !== 'function') throw new Error(`the protocol has no ${method}`);
  return await Reflect.apply(found, protocol, args);
}

interface SdkRequest {
  method: string;
  path: string;
  query: Record<string, string | null>;
  headers: Record<string, string>;
  body?: unknown;
}

test.each(names)('%s: a request of the SDK is routed here and decoded to its input', async (name) => {
  const { target, input: message } = operationTable[name];
  const arbitrary = arbitraryMembers(message.members, 0);
  await fc.assert(
    fc.asyncProperty(arbitrary, async (members) => {
      const fixed: Values = { Bucket: 'bucket', Key: 'a/b', RequestRoute: 'route' };
      const expected = Object.fromEntries(Object.entries(members).map(([key, value]) => [key, fixed[key] ?? value]));
      // Serialized as the SDK would, so what it writes is a request.
      const request = (await callProtocol('serializeRequest', schemaOf(name), expected, context)) as SdkRequest;
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([key, value]) => [key.toLowerCase(), value]),
      );
      const query = new Map(Object.entries(request.query).map(([key, value]) => [key, value ?? '']));
      expect(route({ method: request.method, target, query, headers })).toEqual({ kind: 'operation', name });
      const body = typeof request.body === 'string' ? Buffer.from(request.body) : undefined;
      const decoded = decoderOf(name)({ bucket: 'bucket', key: 'a/b', query, headers, body });
      expect(decoded).toMatchObject(withoutEmpty(expected));
    }),
    { numRuns: 15 },
  );
});

/** Without what the wire cannot tell from absence. */
function withoutEmpty(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''));
}

/** Headers as the SDK has them. */
function byName(headers: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) found[headers[i] ?? ''] = headers[i + 1] ?? '';
  return found;
}

test.each(names.filter((name) => name !== 'SelectObjectContent'))(
  '%s: the SDK reads an encoded output as it was',
  async (name) => {
    const { members, bare } = operationTable[name].output;
    const streams = members.some((member) => member.type === 'stream');
    const arbitrary = arbitraryMembers(members, 0);
    await fc.assert(
      fc.asyncProperty(arbitrary, async (output) => {
        const answer = encoderOf(name)(output as never);
        const body = streams ? Readable.from([]) : (answer.body ?? Buffer.alloc(0));
        const response = { statusCode: answer.status, headers: byName(answer.headers), body };
        const read = await callProtocol('deserializeResponse', schemaOf(name), context, response);
        expect(read).toMatchObject(bare === true ? withoutEmpty(output) : output);
      }),
      { numRuns: 15 },
    );
  },
);
