/**
 * Readers of XML elements by the schema, compiled once. An element that does not fit its schema is MalformedXML: unknown or
 * repeated elements, missing required ones, text where elements belong and the other way round, values that are none.
 */
import assert from 'node:assert';
import { enumReader, readBoolean, readHttpDate, readInteger, readIsoDate } from './decode-scalars.ts';
import type { MemberSchema, Type } from './schema.ts';
import { enumTable, structureTable } from './table.generated.ts';
import { malformed, type XmlElement } from './xml-document.ts';

export type ElementReader = (element: XmlElement) => unknown;
type Structure = Record<string, unknown>;
/** Puts what one child element says into the structure. */
type ChildReader = (child: XmlElement, into: Structure) => void;

/** Structures may contain themselves, so each is compiled when first met and looked up by name afterwards. */
const compiled = new Map<string, ElementReader>();

function scalar<T>(read: (text: string) => T | undefined): ElementReader {
  return ({ children, text }) => {
    const value = children.length === 0 ? read(text.trim()) : undefined;
    if (value === undefined) throw malformed();
    return value;
  };
}

function readString({ children, text }: XmlElement): string {
  if (children.length > 0) throw malformed();
  return text;
}

function readBlob(element: XmlElement): Uint8Array {
  return Buffer.from(readString(element), 'base64');
}

/** Reader of an element of a type; of a list, of its items. */
export function compileElement(type: Type): ElementReader {
  if (type === 'string') return readString;
  if (type === 'integer') return scalar(readInteger);
  if (type === 'boolean') return scalar(readBoolean);
  if (type === 'iso-date') return scalar(readIsoDate);
  if (type === 'http-date') return scalar(readHttpDate);
  if (type === 'blob') return readBlob;
  assert(typeof type === 'object', `${String(type)} does not stand in XML`);
  if ('list' in type) return compileElement(type.list);
  if ('enum' in type) return scalar(enumReader(type.enum, enumTable[type.enum] ?? []));
  const { structure } = type;
  return (element) => {
    const known = compiled.get(structure) ?? compileStructure(structureTable[structure] ?? []);
    compiled.set(structure, known);
    return known(element);
  };
}

function compileChild(member: MemberSchema): ChildReader {
  const { name, item } = member;
  const read = compileElement(member.type);
  if (member.flat === true) {
    return (child, into) => {
      const items = into[name];
      if (Array.isArray(items)) items.push(read(child));
      else into[name] = [read(child)];
    };
  }
  return (child, into) => {
    if (Object.hasOwn(into, name)) throw malformed();
    into[name] = item === undefined ? read(child) : readItems(child, item, read);
  };
}

function readItems(list: XmlElement, item: string, read: ElementReader): unknown[] {
  if (list.text.trim() !== '') throw malformed();
  return list.children.map((child) => {
    if (child.name !== item) throw malformed();
    return read(child);
  });
}

interface AttributeReader {
  readonly name: string;
  readonly read: ElementReader;
}

/** The table has `xsi:type`; documents are read by local names. */
function compileAttributes(members: readonly MemberSchema[]): ReadonlyMap<string, AttributeReader> {
  const attributes = members.filter((member) => member.in === 'attribute');
  return new Map(
    attributes.map(({ as, name, type }) => [as.slice(as.indexOf(':') + 1), { name, read: compileElement(type) }]),
  );
}

/** Reader of an element whose children and attributes are these members. */
export function compileStructure(members: readonly MemberSchema[]): ElementReader {
  const attributes = compileAttributes(members);
  const elements = members.filter((member) => member.in === 'element');
  const children = new Map(elements.map((member) => [member.as, compileChild(member)]));
  const required = members
    .filter((member) => member.required === true && (member.in === 'element' || member.in === 'attribute'))
    .map((member) => member.name);
  return (element) => {
    if (element.text.trim() !== '') throw malformed();
    const into: Structure = {};
    for (const [local, text] of element.attributes) {
      const attribute = attributes.get(local);
      if (attribute !== undefined) into[attribute.name] = attribute.read({ ...element, children: [], text });
    }
    for (const child of element.children) {
      const read = children.get(child.name);
      if (read === undefined) throw malformed();
      read(child, into);
    }
    for (const name of required) if (!Object.hasOwn(into, name)) throw malformed();
    return into;
  };
}
