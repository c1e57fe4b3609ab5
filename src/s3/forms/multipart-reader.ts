/**
 * The parts of a multipart/form-data body, pulled one after another out of bytes that may be cut anywhere. A part's content is
 * passed on as it comes, in views of what came that are valid until the next one is asked for; what is held is one part's
 * head, or the beginning of what may be a delimiter. Whatever is not well-formed is refused, nothing is skipped.
 * https://www.rfc-editor.org/rfc/rfc7578, https://www.rfc-editor.org/rfc/rfc2046#section-5.1
 */
import { S3Error } from '../errors.ts';

/** What the head of a part says of it. */
export interface Part {
  readonly name: string;
  /** Undefined where the part has none; a browser without a file sends an empty one. */
  readonly filename: string | undefined;
}

const lineEnd = Buffer.from('\r\n');
const headEnd = Buffer.from('\r\n\r\n');
const partHeadBytesMax = 8 * 1024;
const paddingBytesMax = 64;

const boundaryParameter = /;[ \t]*boundary=(?:"([^"]*)"|([^\s;"]+))/i;
/** Any ASCII that can be seen, though RFC 2046 has fewer: clients are less strict. */
const boundaryPattern = /^[\x20-\x7e]{0,69}[\x21-\x7e]$/;
const dispositionPattern = /^form-data[ \t]*(;.*)?$/is;
const parameterPattern = /;[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))[ \t]*/gy;
/** Encodings that leave the bytes as they are. */
const plainEncodings = ['7bit', '8bit', 'binary'];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class MultipartReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #delimiter: Buffer;
  /** What came and was not yet passed on. The first delimiter may do without the line end that begins all others. */
  #unread: Buffer = lineEnd;
  #position = -lineEnd.length;
  /** Whether what is unread begins in a part's content; what precedes the first delimiter counts as one. */
  #isInContent = true;
  #isEnded = false;

  /** Throws MalformedPOSTRequest where the request's Content-Type has no boundary. */
  constructor(source: AsyncIterable<Uint8Array>, contentType: string) {
    const [, quoted, token] = boundaryParameter.exec(contentType) ?? [];
    const boundary = quoted ?? token ?? '';
    if (!boundaryPattern.test(boundary)) throw malformed('the Content-Type has no boundary');
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
    this.#source = source[Symbol.asyncIterator]();
  }

  /** How many bytes of the body were passed on or understood. */
  get position(): number {
    return this.#position;
  }

  /** Goes on to the next part, past what is left of this one; undefined after the last. */
  async next(): Promise<Part | undefined> {
    const rest = this.content();
    while ((await rest.next()).done !== true);
    if (this.#isEnded) return undefined;
    while (this.#unread.length < 2) await this.#pull();
    if (this.#unread.toString('latin1', 0, 2) === '--') {
      this.#isEnded = true;
      return undefined;
    }
    await this.#skipPadding();
    const head = await this.#takeThrough(headEnd, partHeadBytesMax);
    this.#isInContent = true;
    return readHead(decodeUtf8(head));
  }

  /** The content of the part, up to its delimiter. */
  async *content(): AsyncGenerator<Uint8Array> {
    while (this.#isInContent) {
      const end = this.#unread.indexOf(this.#delimiter);
      const content = this.#take(end < 0 ? this.#unread.length - this.#delimiterBytesBegun() : end);
      if (end >= 0) {
        this.#take(this.#delimiter.length);
        this.#isInContent = false;
      }
      if (content.length > 0) yield content;
      if (end < 0) await this.#pull();
    }
  }

  /** Gives the source back where the body is not read to its end. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  /** Length of the end of what is unread that may be the beginning of a delimiter. Of its bytes only the first is a CR. */
  #delimiterBytesBegun(): number {
    const at = this.#unread.lastIndexOf(0x0d);
    const length = this.#unread.length - at;
    if (at < 0 || length >= this.#delimiter.length) return 0;
    return this.#unread.compare(this.#delimiter, 0, length, at) === 0 ? length : 0;
  }

  /** What follows a delimiter on its line are blanks that some gateway put there. */
  async #skipPadding(): Promise<void> {
    const padding = await this.#takeThrough(lineEnd, paddingBytesMax);
    if (!/^[ \t]*\r\n$/.test(padding.toString('latin1'))) throw malformed('a delimiter does not end its line');
  }

  async #takeThrough(end: Buffer, bytesMax: number): Promise<Buffer> {
    for (;;) {
      const at = this.#unread.indexOf(end);
      if (at >= 0 && at <= bytesMax) return this.#take(at + end.length);
      if (this.#unread.length > bytesMax + end.length) throw malformed('the head of a part is too long');
      await this.#pull();
    }
  }

  #take(length: number): Buffer {
    const taken = this.#unread.subarray(0, length);
    this.#unread = this.#unread.subarray(length);
    this.#position += length;
    return taken;
  }

  async #pull(): Promise<void> {
    // What came before is gone once more is asked for.
    const held = Buffer.from(this.#unread);
    const { done, value } = await this.#source.next();
    if (done === true) throw malformed('it ends before its last delimiter');
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    this.#unread = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
  }
}

/** The error for a body that is not the form it should be. S3's sentence does not say why; another element does. */
export function malformed(reason: string): S3Error {
  return new S3Error('MalformedPOSTRequest', { fields: { Reason: reason } });
}

/** The text of bytes that must be UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw malformed('it is not in UTF-8');
    throw error;
  }
}

function readHead(text: string): Part {
  const headers = new Map<string, string>();
  for (const line of text.slice(0, -headEnd.length).split('\r\n')) {
    const [, name, value] = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? [];
    if (name === undefined || value === undefined || /[\r\n]/.test(value))
      throw malformed('a line in the head of a part');
    headers.set(name.toLowerCase(), value);
  }
  const encoding = headers.get('content-transfer-encoding');
  if (encoding !== undefined && !plainEncodings.includes(encoding.toLowerCase())) {
    throw new S3Error('NotImplemented', { fields: { Header: 'Content-Transfer-Encoding' } });
  }
  const [, parameters = ''] = dispositionPattern.exec(headers.get('content-disposition') ?? '') ?? [];
  return readParameters(parameters);
}

function readParameters(text: string): Part {
  const parameters = new Map<string, string>();
  let length = 0;
  for (const [whole, name = '', quoted, token = ''] of text.matchAll(parameterPattern)) {
    if (parameters.has(name.toLowerCase())) throw malformed('a part is named twice');
    // Browsers send the path of a file with its backslashes as they are; nothing but a quote is escaped by one.
    parameters.set(name.toLowerCase(), quoted?.replaceAll('\\"', '"') ?? token);
    length += whole.length;
  }
  const name = parameters.get('name');
  if (name === undefined || length < text.length) throw malformed('a part has no name');
  return { name, filename: parameters.get('filename') };
}
