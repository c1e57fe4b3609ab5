/** Answers of S3 whose form is known: texts of elements by their names, and nothing else of XML. */
import type { IncomingHttpHeaders } from 'node:http';

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

export class AnswerXml {
  readonly #text: string;
  /** Of the answer as a whole. */
  readonly #headers: IncomingHttpHeaders;

  constructor(text: string, headers: IncomingHttpHeaders = {}) {
    this.#text = text;
    this.#headers = headers;
  }

  get etag(): string | undefined {
    return this.#headers.etag?.replaceAll('"', '');
  }

  /** Undefined without one, or with an empty one. */
  header(name: string): string | undefined {
    const value = this.#headers[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  /** Text of the first element of a name. */
  textOf(name: string): string | undefined {
    const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(this.#text)?.[1];
    return text === undefined ? undefined : decodeEntities(text);
  }

  /** What stands inside each element of a name. */
  elements(name: string): readonly AnswerXml[] {
    const found = this.#text.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'));
    return Array.from(found, ([, inner = '']) => new AnswerXml(inner));
  }

  get isError(): boolean {
    return this.#text.includes('<Error>');
  }
}

function decodeEntities(text: string): string {
  return text.replace(/&(#x?[0-9a-fA-F]+|\w+);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return entities[name] ?? whole;
    const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
    return String.fromCodePoint(code);
  });
}
