/**
 * XML of a request body as a tree, read in one pass whose time grows with the body alone: a document that is all markup must
 * not hold up the requests of others. Document types are refused, and with them all entities but the five. Text is exact:
 * nothing is trimmed, and character references are decoded once. Bare control characters (but NUL) are let pass, because
 * clients send keys with them, and so are `]]>` in text and `--` in comments.
 * https://www.w3.org/TR/xml/
 */
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
/** Of one element; S3's own have two and the declarations of namespaces. */
const attributesMax = 64;
/** Elements, attributes, comments and the like; 10,000 parts with two checksums each come to half of it. */
const markupMax = 100_000;
const utf8 = new TextDecoder('utf-8', { fatal: true });
const entities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);
const startOfName =
  ':A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}';
const namePattern = new RegExp(`^[${startOfName}][${startOfName}\\-.0-9\\xB7\\u0300-\\u036F\\u203F\\u2040]*$`, 'u');
const noAttributes: ReadonlyMap<string, string> = new Map();

/** The error for any body that is not the XML it should be. */
export function malformed(cause?: unknown): S3Error {
  return new S3Error('MalformedXML', cause === undefined ? {} : { cause });
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
  if (text.includes('\0')) throw malformed('a NUL');
  return new Reader(text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text).read();
}

interface OpenElement {
  /** With its prefix, as it must be closed. */
  readonly fullName: string;
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

class Reader {
  readonly #text: string;
  readonly #open: OpenElement[] = [];
  #root: XmlElement | undefined;
  #at = 0;
  #markup = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): XmlElement {
    const text = this.#text;
    for (let next = text.indexOf('<'); next !== -1; next = text.indexOf('<', this.#at)) {
      if (next > this.#at) this.#addText(text.slice(this.#at, next));
      this.#at = next + 1;
      this.#readMarkup();
    }
    if (this.#at < text.length) this.#addText(text.slice(this.#at));
    if (this.#open.length > 0 || this.#root === undefined) throw malformed('the document does not end');
    return this.#root;
  }

  #count(): void {
    this.#markup += 1;
    if (this.#markup > markupMax) throw malformed('too much markup');
  }

  #addText(raw: string): void {
    const inside = this.#open.at(-1);
    if (inside !== undefined) inside.text += decodeText(raw);
    else if (raw.trim() !== '') throw malformed('text outside the root');
  }

  /** What follows a `<`. */
  #readMarkup(): void {
    const text = this.#text;
    const first = text[this.#at];
    // What is closed was counted as it was opened.
    if (first !== '/') this.#count();
    if (first === '/') this.#closeElement();
    else if (first === '?') this.#skipTo('?>');
    else if (first !== '!') this.#openElement();
    else if (text.startsWith('!--', this.#at)) this.#skipComment();
    else if (text.startsWith('![CDATA[', this.#at)) this.#readCdata();
    else throw malformed('a declaration');
  }

  #skipComment(): void {
    this.#at += '!--'.length;
    this.#skipTo('-->');
  }

  #readCdata(): void {
    const inside = this.#open.at(-1);
    if (inside === undefined) throw malformed('text outside the root');
    const start = this.#at + '![CDATA['.length;
    this.#at = start;
    this.#skipTo(']]>');
    inside.text += this.#text.slice(start, this.#at - ']]>'.length);
  }

  #skipTo(end: string): void {
    const found = this.#text.indexOf(end, this.#at);
    if (found === -1) throw malformed(`no ${end}`);
    this.#at = found + end.length;
  }

  #openElement(): void {
    if (this.#open.length === depthMax || this.#root !== undefined) throw malformed('an element too many');
    const fullName = this.#readName();
    const attributes = this.#readAttributes();
    const element = { fullName, name: localName(fullName), attributes, children: [], text: '' };
    if (this.#text[this.#at] === '/') {
      this.#at += 1;
      this.#expect('>');
      this.#add(element);
    } else {
      this.#expect('>');
      this.#open.push(element);
    }
  }

  #closeElement(): void {
    this.#at += 1;
    const name = this.#readName();
    this.#skipBlanks();
    this.#expect('>');
    const element = this.#open.pop();
    if (element?.fullName !== name) throw malformed(`${name} is closed and not open`);
    this.#add(element);
  }

  #add(element: XmlElement): void {
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
  }

  /** Up to the end of the tag. */
  #readAttributes(): ReadonlyMap<string, string> {
    let attributes: Map<string, string> | undefined;
    let names: Set<string> | undefined;
    while (this.#skipBlanks() && !isTagEnd(this.#text.charCodeAt(this.#at))) {
      this.#count();
      const fullName = this.#readName();
      this.#skipBlanks();
      this.#expect('=');
      this.#skipBlanks();
      const value = this.#readQuoted();
      names ??= new Set();
      if (names.has(fullName) || names.size === attributesMax) throw malformed(`${fullName} is an attribute too many`);
      names.add(fullName);
      if (fullName === 'xmlns' || fullName.startsWith('xmlns:')) continue;
      attributes ??= new Map();
      attributes.set(localName(fullName), value);
    }
    return attributes ?? noAttributes;
  }

  #readQuoted(): string {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") throw malformed('an attribute without quotes');
    const start = this.#at + 1;
    this.#at = start;
    this.#skipTo(quote);
    const raw = this.#text.slice(start, this.#at - 1);
    if (raw.includes('<')) throw malformed('a tag in an attribute');
    return decodeText(raw);
  }

  #readName(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !isEndOfName(this.#text.charCodeAt(this.#at))) this.#at += 1;
    const name = this.#text.slice(start, this.#at);
    if (!namePattern.test(name) || name === '__proto__') throw malformed('no name');
    return name;
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw malformed(`no ${character}`);
    this.#at += 1;
  }

  /** Whether there were any. */
  #skipBlanks(): boolean {
    const start = this.#at;
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at += 1;
    return this.#at > start;
  }
}

/** Line feeds, as carriage returns are none any more. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09;
}

/** `/` or `>`. */
function isTagEnd(code: number): boolean {
  return code === 0x2f || code === 0x3e;
}

function isEndOfName(code: number): boolean {
  return isBlank(code) || isTagEnd(code) || code === 0x3d || code === 0x3c;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function decodeText(text: string): string {
  let at = text.indexOf('&');
  if (at === -1) return text;
  let decoded = '';
  let from = 0;
  for (; at !== -1; at = text.indexOf('&', from)) {
    const end = text.indexOf(';', at);
    // Longer than any reference; without a bound, each ampersand would be looked at up to the end of the text.
    if (end === -1 || end - at > 10) throw malformed('a bare ampersand');
    decoded += text.slice(from, at) + decodeReference(text.slice(at + 1, end));
    from = end + 1;
  }
  return decoded + text.slice(from);
}

function decodeReference(name: string): string {
  const known = entities.get(name);
  if (known !== undefined) return known;
  const code = name.startsWith('#') ? readCode(name) : Number.NaN;
  if (Number.isNaN(code)) throw malformed(`unknown entity ${name}`);
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw malformed(`no character: ${name}`);
  return String.fromCodePoint(code);
}

/** The number of a reference such as `#13` or `#x1F600`; NaN if it is none. */
function readCode(name: string): number {
  const isHex = name[1] === 'x';
  const first = isHex ? 2 : 1;
  let code = name.length === first ? Number.NaN : 0;
  for (let i = first; i < name.length; i++) code = code * (isHex ? 16 : 10) + digitOf(name.charCodeAt(i), isHex);
  return code;
}

function digitOf(character: number, isHex: boolean): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  const letter = (character | 0x20) - 0x61;
  return isHex && letter >= 0 && letter < 6 ? letter + 10 : Number.NaN;
}
