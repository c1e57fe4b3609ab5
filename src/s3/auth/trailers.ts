import { S3Error } from '../errors.ts';
import type { ChunkVerifier } from './chunk-verifier.ts';

const signatureName = 'x-amz-trailer-signature';
const trailersMax = 20;

/**
 * Trailing headers, line by line. They must be those that x-amz-trailer announced, each once; signed ones are followed by
 * their signature.
 */
export class TrailerReader {
  static readonly lineBytesMax = 4096;

  readonly values = new Map<string, string>();
  readonly #announced: ReadonlySet<string>;
  readonly #verifier: ChunkVerifier | undefined;
  #canonical = '';
  #signature: string | undefined;
  #sawEmptyLine = false;

  constructor(announced: readonly string[], verifier: ChunkVerifier | undefined) {
    this.#announced = new Set(announced);
    this.#verifier = verifier;
  }

  /** Takes a line without its end; true if it was the last. */
  takeLine(line: string): boolean {
    if (line === '') return this.#takeEmptyLine();
    const at = line.indexOf(':');
    const name = line.slice(0, Math.max(at, 0)).trim().toLowerCase();
    const value = line.slice(at + 1).trim();
    if (at < 0 || this.#signature !== undefined || this.values.size >= trailersMax) throw malformedTrailer();
    if (this.#verifier !== undefined && name === signatureName) {
      this.#signature = value;
      return false;
    }
    if (!this.#announced.has(name) || this.values.has(name)) throw malformedTrailer();
    this.values.set(name, value);
    this.#canonical += `${name}:${value}\n`;
    return false;
  }

  /** Some clients put an empty line before the signature, so that with signatures only the one after it is the last. */
  #takeEmptyLine(): boolean {
    if (this.#verifier === undefined || this.#signature !== undefined) {
      this.#end();
      return true;
    }
    if (this.#sawEmptyLine) throw malformedTrailer();
    this.#sawEmptyLine = true;
    return false;
  }

  #end(): void {
    if (this.values.size < this.#announced.size) throw malformedTrailer();
    this.#verifier?.checkTrailers({ canonical: this.#canonical, signature: this.#signature ?? '' });
  }
}

function malformedTrailer(): S3Error {
  return new S3Error('MalformedTrailerError');
}
