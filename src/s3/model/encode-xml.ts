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
  content(value: Readonly<Record<string, unknown>>, order?: ItemOrder): string;
}

/** Names of flat lists of one structure, once for each of their items: from which list the next element is taken. */
export type ItemOrder = readonly string[];

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
  const writers = new Map(members.map((member) => [member.name, compileMember(member)]));
  return (value, order = []) => {
    const interleaved = new Set(order);
    let xml = '';
    for (const [name, write] of writers) {
      const found = value[name];
      // Lists that are interleaved stand where the first of them would.
      if (name === order[0]) xml += interleave(writers, value, order);
      else if (!interleaved.has(name) && found !== undefined && found !== null) xml += write(found);
    }
    return xml;
  };
}

/** Items of several flat lists in one order. */
function interleave(
  writers: ReadonlyMap<string, MemberWriter>,
  value: Readonly<Record<string, unknown>>,
  order: ItemOrder,
): string {
  const taken = new Map<string, number>();
  const items = order.map((name) => {
    const list = value[name];
    const at = taken.get(name) ?? 0;
    const write = writers.get(name);
    assert(write !== undefined && Array.isArray(list) && at < list.length, `${name} of an output has too few items`);
    taken.set(name, at + 1);
    return write([list[at]]);
  });
  for (const [name, count] of taken) {
    const list = value[name];
    assert(Array.isArray(list) && list.length === count, `${name} of an output has items out of the order`);
  }
  return items.join('');
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
