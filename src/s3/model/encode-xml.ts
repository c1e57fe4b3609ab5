/** Writers of XML elements by the schema, compiled once. Members that are absent or undefined are not written. */
import assert from 'node:assert';
import type { MemberSchema, Type } from './schema.ts';
import { structureTable } from './table.generated.ts';
import { escapeXml } from './xml-text.ts';

/** Writes a value as the content of an element, or a list's item as that of its own. */
type ContentWriter = (value: unknown) => string;
/** Writes all elements of a member. */
type MemberWriter = (value: unknown) => string;

/** Structures may contain themselves, so each is compiled when first met and looked up by name afterwards. */
const compiled = new Map<string, StructureWriter>();

export interface StructureWriter {
  /** Attributes of the element, each with a space before it. */
  attributes(value: Readonly<Record<string, unknown>>): string;
  content(value: Readonly<Record<string, unknown>>): string;
}

function isStructure(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** A value that is neither list nor structure, as text. */
export function scalarText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  assert(typeof value === 'number' || typeof value === 'boolean', `an output has a value of type ${typeof value}`);
  return String(value);
}

function compileScalar(type: Type): ContentWriter {
  if (type === 'http-date') return (value) => (value instanceof Date ? value.toUTCString() : scalarText(value));
  return (value) => (typeof value === 'string' ? escapeXml(value) : scalarText(value));
}

function structureWriter(name: string): StructureWriter {
  const known = compiled.get(name) ?? compileStructure(structureTable[name] ?? []);
  compiled.set(name, known);
  return known;
}

interface ElementName {
  readonly as: string;
  /** Namespace declarations of the element, with the blank before them. */
  readonly namespace?: string;
}

/** Writer of one element of a type under a name. */
export function compileElement(type: Type, { as, namespace = '' }: ElementName): MemberWriter {
  if (typeof type === 'object' && 'structure' in type) {
    const { structure } = type;
    return (value) => {
      const writer = structureWriter(structure);
      assert(isStructure(value), `${as} of an output is no structure`);
      return `<${as}${namespace}${writer.attributes(value)}>${writer.content(value)}</${as}>`;
    };
  }
  const write = compileScalar(type);
  return (value) => `<${as}${namespace}>${write(value)}</${as}>`;
}

function compileMember(member: MemberSchema): MemberWriter {
  const { as, type, flat, item, xmlns } = member;
  const namespace = xmlns === undefined ? '' : ` xmlns:${xmlns.prefix}="${escapeXml(xmlns.uri)}"`;
  if (typeof type !== 'object' || !('list' in type)) return compileElement(type, { as, namespace });
  const writeItem = compileElement(type.list, { as: item ?? as });
  return (value) => {
    assert(Array.isArray(value), `${member.name} of an output is no list`);
    const items = value.map(writeItem).join('');
    return flat === true ? items : `<${as}>${items}</${as}>`;
  };
}

function compileMembers(members: readonly MemberSchema[]): StructureWriter['content'] {
  const writers = members.map((member) => ({ name: member.name, write: compileMember(member) }));
  return (value) => {
    let xml = '';
    for (const { name, write } of writers) {
      const found = value[name];
      if (found !== undefined && found !== null) xml += write(found);
    }
    return xml;
  };
}

/** Writer of an element whose children and attributes are these members. */
export function compileStructure(members: readonly MemberSchema[]): StructureWriter {
  const attributes = members.filter((member) => member.in === 'attribute');
  return {
    content: compileMembers(members.filter((member) => member.in === 'element')),
    attributes: (value) =>
      attributes
        .filter(({ name }) => value[name] !== undefined)
        .map(({ name, as }) => ` ${as}="${escapeXml(scalarText(value[name]))}"`)
        .join(''),
  };
}
