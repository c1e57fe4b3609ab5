/**
 * XML of a request body as a tree. Well-formedness and structure are fast-xml-parser's; what it lets pass is refused here:
 * document types, entities beyond the five, more than one root, text outside the root. Text is exact: nothing is trimmed, and
 * character references are decoded once. Bare control characters (but NUL) are let pass, because clients send keys with them.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { S3Error } from '../errors.ts';

export interface XmlElement {
  /** Without namespace prefix. */
  readonly name: string;
  /** By local name; namespace declarations are left out. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All character data directly in the element. */
  readonly text: string;
}

const depthMax = 32;
/** Tags, comments and the like; 10,000 parts with two checksums each come to five sixths of it. */
const markupMax = 120_000;
const attributesMax = 10_000;
const utf8 = new TextDecoder('utf-8', { fatal: true });
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: '#cdata',
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: depthMax,
});
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The error for any body that is not the XML it should be. */
export function malformed(cause?: unknown): S3Error {
  return new S3Error('MalformedXML', cause === undefined ? {} : { cause });
}

/**
 * Refuses what would hold up the requests of others: the parser takes about a microsecond for each tag, and more for an
 * attribute the more of them there are. In text a `<` or an attribute's beginning counts as well, as only markup has them.
 */
function refuseTooMuchMarkup(text: string): void {
  let left = markupMax;
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at + 1)) {
    left -= 1;
    if (left < 0) throw malformed('too much markup');
  }
  left = attributesMax;
  for (const _ of text.matchAll(/=\s*["']/g)) {
    left -= 1;
    if (left < 0) throw malformed('too many attributes');
  }
}

function decodeReference(whole: string, name: string | undefined): string {
  const known = name === undefined ? undefined : entities[name];
  if (known !== undefined && Object.hasOwn(entities, name ?? '')) return known;
  const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name ?? '');
  if (digits === null) throw malformed(`unknown entity ${whole}`);
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw malformed(`no character: ${whole}`);
  return String.fromCodePoint(code);
}

function decodeText(text: string): string {
  return text.includes('&') ? text.replaceAll(/&(?:([^;&\s]*);)?/g, decodeReference) : text;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readAttributes(found: unknown): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  if (!isRecord(found)) return attributes;
  for (const [name, value] of Object.entries(found)) {
    if (name === 'xmlns' || name.startsWith('xmlns:')) continue;
    attributes.set(localName(name), decodeText(String(value)));
  }
  return attributes;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** Character data of a list of nodes that may hold nothing else. */
function readCharacters(nodes: unknown): string {
  if (!Array.isArray(nodes)) throw malformed();
  return nodes.map((node: unknown) => (isRecord(node) ? String(node['#text'] ?? '') : '')).join('');
}

function readElement(name: string, content: unknown, attributes: unknown): XmlElement {
  if (!Array.isArray(content)) throw malformed();
  const children: XmlElement[] = [];
  let text = '';
  for (const node of content) {
    if (!isRecord(node)) throw malformed();
    if ('#text' in node) text += decodeText(String(node['#text']));
    else if ('#cdata' in node) text += readCharacters(node['#cdata']);
    else children.push(readNode(node));
  }
  return { name: localName(name), attributes: readAttributes(attributes), children, text };
}

function readNode(node: Readonly<Record<string, unknown>>): XmlElement {
  const name = Object.keys(node).find((key) => key !== ':@');
  if (name === undefined) throw malformed();
  return readElement(name, node[name], node[':@']);
}

function parseNodes(text: string): readonly unknown[] {
  // fast-xml-parser throws plain errors on what it cannot read; all of them are the client's.
  try {
    if (XMLValidator.validate(text) !== true) throw malformed();
    const nodes: unknown = parser.parse(text);
    return Array.isArray(nodes) ? nodes : [];
  } catch (error) {
    throw error instanceof S3Error ? error : malformed(error);
  }
}

/**
 * Parses a body, whose size the caller has bounded.
 * @throws S3Error MalformedXML
 */
export function parseXml(body: Buffer): XmlElement {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch (error) {
    throw malformed(error);
  }
  if (text.includes('<!DOCTYPE') || text.includes('\0')) throw malformed();
  refuseTooMuchMarkup(text);
  let root: XmlElement | undefined;
  for (const node of parseNodes(text)) {
    if (!isRecord(node)) throw malformed();
    if ('#text' in node) {
      if (String(node['#text']).trim() !== '') throw malformed();
    } else if (root === undefined) root = readNode(node);
    else throw malformed();
  }
  if (root === undefined) throw malformed();
  return root;
}
