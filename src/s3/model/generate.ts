/**
 * Writes `table.generated.ts` from the schemas that AWS's SDK carries: `node src/s3/model/generate.ts`. A development tool;
 * the server never loads it. A test generates the table in memory and compares.
 *
 * Beside the operations of S3 the table has those of S3 Control that are served here. Some have the same names in both
 * services; here they have those by which CloudTrail tells them apart.
 *
 * The runtime schemas name every member, its place in the message and its wire name. Two things they lack come from the
 * SDK's files: which enumeration a member has, from the declarations of its interfaces, and whether a checksum of the body is
 * required, from the options of its checksum middleware.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as sdk from '@aws-sdk/client-s3';
import * as controlSdk from '@aws-sdk/client-s3-control';
import { NormalizedSchema } from '@smithy/core/schema';
import type { Location, MemberSchema, MessageSchema, OperationSchema, Target, Type } from './schema.ts';
import type { ControlOperationName } from './types.ts';

/** Operations whose output is its one member's text in the root element, a trait that the schemas do not carry. */
const bareOutputs = new Set(['GetBucketLocation']);
/** Enumerations that the server does not close: their values are judged by the operation, with an error of its own. */
const openEnums = new Set(['BucketLocationConstraint', 'Event']);
/** Dates that S3 keeps and returns as the text it was given. */
const textDates = new Set(['Expires', 'ResponseExpires']);

/** Operations of S3 Control, as its own SDK calls them. */
const controlOperations: Readonly<Record<ControlOperationName, string>> = {
  DeleteAccountPublicAccessBlock: 'DeletePublicAccessBlock',
  GetAccountPublicAccessBlock: 'GetPublicAccessBlock',
  ListTagsForResource: 'ListTagsForResource',
  PutAccountPublicAccessBlock: 'PutPublicAccessBlock',
  TagResource: 'TagResource',
  UntagResource: 'UntagResource',
};
/** Version of S3 Control, and a label at the end, of its paths. */
const controlPathPattern = /^\/v20180820\/(.+?)(?:\/\{\w+\+\})?$/;

/** `structure.member` → name of its enumeration, read from the declarations of the SDK's models. */
type EnumMembers = ReadonlyMap<string, string>;

interface Context {
  readonly enumMembers: EnumMembers;
  /** Filled while operations are read: structures that stand in XML. */
  readonly structures: Map<string, readonly MemberSchema[]>;
  readonly usedEnums: Set<string>;
}

function sdkFile(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.resolve('@aws-sdk/client-s3')), 'utf8');
}

function enumValues(name: string): readonly string[] | undefined {
  const found: unknown = Reflect.get(sdk, name);
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
  const values = Object.values(found);
  return values.every((value) => typeof value === 'string') ? values : undefined;
}

function readEnumMembers(): EnumMembers {
  const members = new Map<string, string>();
  for (const file of ['dist-types/models/models_0.d.ts', 'dist-types/models/models_1.d.ts']) {
    const text = sdkFile(file).replaceAll(/\/\*[\s\S]*?\*\//g, '');
    for (const [, structure, body] of text.matchAll(/export interface _?(\w+)[^{]*\{([^}]*)\}/g)) {
      for (const [, member, type] of (body ?? '').matchAll(/(\w+)\??: (\w+)(?:\[\])?(?: \| undefined)?;/g)) {
        if (type !== undefined && enumValues(type) !== undefined) members.set(`${structure}.${member}`, type);
      }
    }
  }
  return members;
}

function readChecksumRequired(operation: string): boolean {
  const command = sdkFile(`dist-es/commands/${operation}Command.js`);
  const middleware = /command\(_ep\d+, (_mw\d+),/.exec(command)?.[1];
  if (middleware === undefined) throw new Error(`${operation}: the shape of the command's file has changed`);
  const options = sdkFile('dist-es/commandBuilder.js').split('export const ');
  const declared = options.find((part) => part.startsWith(`${middleware} =`));
  if (declared === undefined) throw new Error(`${operation}: ${middleware} is not declared`);
  return declared.includes('requestChecksumRequired: true');
}

/** Traits of a member that the table needs, with the types that the schemas leave open. */
interface Traits {
  readonly header: string | undefined;
  readonly prefixHeaders: string | undefined;
  readonly query: string | undefined;
  readonly label: boolean;
  readonly payload: boolean;
  readonly xmlName: string | undefined;
  readonly flat: boolean;
  readonly attribute: boolean;
  readonly xmlns: { prefix: string; uri: string } | undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function traitsOf(schema: NormalizedSchema): Traits {
  const traits: Readonly<Record<string, unknown>> = { ...schema.getMergedTraits() };
  const xmlns = traits['xmlNamespace'];
  const [prefix, uri] = Array.isArray(xmlns) ? xmlns.map(text) : [];
  return {
    header: text(traits['httpHeader'])?.toLowerCase(),
    prefixHeaders: text(traits['httpPrefixHeaders'])?.toLowerCase(),
    query: text(traits['httpQuery']),
    label: Boolean(traits['httpLabel']),
    payload: Boolean(traits['httpPayload']),
    xmlName: text(traits['xmlName']),
    flat: Boolean(traits['xmlFlattened']),
    attribute: Boolean(traits['xmlAttribute']),
    xmlns: prefix === undefined || uri === undefined ? undefined : { prefix, uri },
  };
}

function placeOf(name: string, traits: Traits): { in: Location; as: string } {
  if (traits.label) return { in: 'label', as: name };
  if (traits.header !== undefined) return { in: 'header', as: traits.header };
  if (traits.prefixHeaders !== undefined) return { in: 'prefix-headers', as: traits.prefixHeaders };
  if (traits.query !== undefined) return { in: 'query', as: traits.query };
  if (traits.attribute) return { in: 'attribute', as: traits.xmlName ?? name };
  return { in: traits.payload ? 'payload' : 'element', as: traits.xmlName ?? name };
}

function dateType(schema: NormalizedSchema, place: Location): Type {
  if (schema.getSchema() === 5) return 'iso-date';
  if (schema.getSchema() === 6) return 'http-date';
  return place === 'header' ? 'http-date' : 'iso-date';
}

function typeOf(
  schema: NormalizedSchema,
  where: { structure: string; member: string; in: Location },
  context: Context,
): Type {
  if (schema.isListSchema()) return { list: typeOf(schema.getValueSchema(), where, context) };
  if (schema.isStructSchema()) {
    if (schema.isStreaming()) return 'events';
    readStructure(schema, context);
    return { structure: nameOf(schema) };
  }
  if (schema.isStreaming()) return 'stream';
  if (schema.isMapSchema()) return 'string-map';
  if (schema.isBlobSchema()) return 'blob';
  if (schema.isBooleanSchema()) return 'boolean';
  if (schema.isNumericSchema()) return 'integer';
  if (schema.isTimestampSchema()) return textDates.has(where.member) ? 'string' : dateType(schema, where.in);
  if (!schema.isStringSchema()) throw new Error(`${where.structure}.${where.member}: unknown type`);
  const enumName = context.enumMembers.get(`${where.structure}.${where.member}`);
  if (enumName === undefined || openEnums.has(enumName)) return 'string';
  context.usedEnums.add(enumName);
  return { enum: enumName };
}

function nameOf(schema: NormalizedSchema): string {
  const name = schema.getName();
  if (name === undefined) throw new Error('a structure without a name');
  return name;
}

/** How many members, from the first, are required: the last entry of a structure's static schema, absent for none. */
function requiredCount(schema: NormalizedSchema): number {
  const found: unknown = schema.getSchema();
  const count: unknown = Array.isArray(found) ? found[6] : undefined;
  return typeof count === 'number' ? count : 0;
}

function readMembers(schema: NormalizedSchema, context: Context): readonly MemberSchema[] {
  if (!schema.isStructSchema()) return [];
  const required = requiredCount(schema);
  return [...schema.structIterator()].map(([name, member], index): MemberSchema => {
    const traits = traitsOf(member);
    const place = placeOf(name, traits);
    const type = typeOf(member, { structure: nameOf(schema), member: name, in: place.in }, context);
    const isXmlList = member.isListSchema() && place.in === 'element';
    return {
      name,
      ...place,
      type,
      ...(index < required ? { required: true } : {}),
      ...(isXmlList && traits.flat ? { flat: true } : {}),
      ...(isXmlList && !traits.flat ? { item: traitsOf(member.getValueSchema()).xmlName ?? 'member' } : {}),
      ...(traits.xmlns === undefined ? {} : { xmlns: traits.xmlns }),
    };
  });
}

function readStructure(schema: NormalizedSchema, context: Context): void {
  const name = nameOf(schema);
  if (context.structures.has(name)) return;
  context.structures.set(name, []);
  context.structures.set(name, readMembers(schema, context));
}

function readMessage(schema: NormalizedSchema, context: Context): MessageSchema {
  const members = readMembers(schema, context);
  if (!members.some((member) => member.in === 'element')) return { members };
  return { root: traitsOf(schema).xmlName ?? nameOf(schema), members };
}

function targetOf(path: string): Target {
  if (path === '/{Key+}') return 'object';
  return path === '/' || path === '/WriteGetObjectResponse' ? 'bucket' : 'service';
}

interface Declaration {
  readonly method: OperationSchema['method'];
  readonly uri: string;
  readonly status: number;
  readonly input: NormalizedSchema;
  readonly output: NormalizedSchema;
}

function declarationOf(service: object, name: string): Declaration {
  const declared: unknown = Reflect.get(service, `${name}$`);
  if (!Array.isArray(declared) || declared[0] !== 9) throw new Error(`${name} is not an operation`);
  const [method, uri, status]: [OperationSchema['method'], string, number] = declared[3].http;
  return { method, uri, status, input: NormalizedSchema.of(declared[4]), output: NormalizedSchema.of(declared[5]) };
}

function readControlOperation(name: string, context: Context): OperationSchema {
  const { method, uri, status, input, output } = declarationOf(controlSdk, name);
  const path = controlPathPattern.exec(uri)?.[1];
  if (path === undefined) throw new Error(`${name}: the path ${uri} is of another version`);
  const messages = { input: readMessage(input, context), output: readMessage(output, context) };
  return { method, target: 'account', path, literals: {}, status, ...messages };
}

function readOperation(name: string, context: Context): OperationSchema {
  const { method, uri, status, input, output: outputSchema } = declarationOf(sdk, name);
  const [path = '', query = ''] = uri.split('?');
  const inputMessage = readMessage(input, context);
  const hasBucket = inputMessage.members.some((member) => member.name === 'Bucket' && member.in === 'label');
  const literals = Object.fromEntries([...new URLSearchParams(query)].filter(([key]) => key !== 'x-id'));
  const output = readMessage(outputSchema, context);
  return {
    method,
    target: path === '/' && !hasBucket ? 'service' : targetOf(path),
    literals,
    status,
    ...(readChecksumRequired(name) ? { checksumRequired: true } : {}),
    input: inputMessage,
    output: bareOutputs.has(name) ? { ...output, bare: true } : output,
  };
}

function printMembers(members: readonly MemberSchema[], indent: string): string {
  if (members.length === 0) return '[]';
  return `[\n${members.map((member) => `${indent}  ${JSON.stringify(member)},\n`).join('')}${indent}]`;
}

function printMessage({ members, ...rest }: MessageSchema): string {
  const head = Object.entries(rest).map(([key, value]) => `${key}: ${JSON.stringify(value)}, `);
  return `{ ${head.join('')}members: ${printMembers(members, '      ')} }`;
}

function printOperation(name: string, { input, output, ...rest }: OperationSchema): string {
  const head = Object.entries(rest).map(([key, value]) => `    ${key}: ${JSON.stringify(value)},\n`);
  return `  ${name}: {\n${head.join('')}    input: ${printMessage(input)},\n    output: ${printMessage(output)},\n  },\n`;
}

/** The text of `table.generated.ts`. */
export function generateTable(): string {
  const context: Context = { enumMembers: readEnumMembers(), structures: new Map(), usedEnums: new Set() };
  const names = Object.entries(sdk)
    .filter(([name, value]) => name.endsWith('$') && Array.isArray(value) && value[0] === 9)
    .map(([name]) => name.slice(0, -1))
    .sort();
  const operations = [
    ...names.map((name) => printOperation(name, readOperation(name, context))),
    ...Object.entries(controlOperations).map(([name, own]) => printOperation(name, readControlOperation(own, context))),
  ];
  const enums = [...context.usedEnums].sort().map((name) => `  ${name}: ${JSON.stringify(enumValues(name))},\n`);
  const structures = [...context.structures]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, members]) => `  ${name}: ${printMembers(members, '  ')},\n`);
  return [
    "/** Generated by `generate.ts` from AWS's models of S3 and S3 Control. Not edited by hand. */\n",
    "import type { EnumTable, OperationSchema, StructureTable } from './schema.ts';\n",
    "import type { OperationName } from './types.ts';\n\n",
    '/** Values of each enumeration that is checked. */\n',
    `export const enumTable: EnumTable = {\n${enums.join('')}};\n\n`,
    '/** Members of each structure that stands in XML. */\n',
    `export const structureTable: StructureTable = {\n${structures.join('')}};\n\n`,
    '/** Every operation of S3, and those of S3 Control that are served. */\n',
    `export const operationTable: Readonly<Record<OperationName, OperationSchema>> = {\n${operations.join('')}};\n`,
  ].join('');
}

if (import.meta.main) {
  writeFileSync(fileURLToPath(new URL('./table.generated.ts', import.meta.url)), generateTable());
}
