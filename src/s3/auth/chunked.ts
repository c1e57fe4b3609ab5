/**
 * Decodes `aws-chunked` bodies: chunks with or without signatures, and trailing headers. Data is passed on as it comes, in
 * views of what came, before the signature of its chunk is known: nothing may be committed until the stream has ended
 * without an error. Memory is bounded by one line of framing and the trailers.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */

import type { SigningContext } from '../../lib/sigv4/signing-key.ts';
import { S3Error } from '../errors.ts';
import { ChunkVerifier } from './chunk-verifier.ts';
import { TrailerReader } from './trailers.ts';

export interface ChunkedOptions {
  /** x-amz-decoded-content-length: the chunks must add up to it. */
  readonly decodedLength: number;
  /** Checks the signatures of chunks and trailers. Without it they have none. */
  readonly signing?: SigningContext;
  /** Lower-case names that x-amz-trailer announces; absent where the mode has no trailers. */
  readonly trailers?: readonly string[];
}

export interface DecodedBody {
  readonly stream: AsyncIterable<Uint8Array>;
  /** Trailing headers by lower-case name; empty until the stream has ended. */
  readonly trailers: ReadonlyMap<string, string>;
}

/** Chunks smaller than this may only be the last, where chunks are signed. */
const chunkBytesMin = 8192;
const lineBytesMax = 1024;
/** Some clients send empty lines after the end. */
const blankBytesAfterEndMax = 4;

const CR = 0x0d;
const LF = 0x0a;

/** Decodes a body. The stream throws S3Error where framing, lengths, signatures or trailers are wrong. */
export function decodeChunked(source: AsyncIterable<Uint8Array>, options: ChunkedOptions): DecodedBody {
  const decoder = new ChunkDecoder(options);
  return { stream: decodeAll(source, decoder), trailers: decoder.trailers };
}

async function* decodeAll(source: AsyncIterable<Uint8Array>, decoder: ChunkDecoder): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) yield* decoder.decode(bytes);
  decoder.end();
}

type State = 'size' | 'data' | 'data-end' | 'last-line' | 'trailers' | 'ended';

class ChunkDecoder {
  readonly #options: ChunkedOptions;
  readonly #verifier: ChunkVerifier | undefined;
  readonly #trailers: TrailerReader | undefined;
  #state: State = 'size';
  /** The part of a line that has come so far, where it is cut between two buffers. */
  #line = '';
  #decodedBytes = 0;
  #chunkSize = 0;
  #chunkRest = 0;
  #blankBytes = 0;

  constructor(options: ChunkedOptions) {
    this.#options = options;
    this.#verifier = options.signing === undefined ? undefined : new ChunkVerifier(options.signing);
    this.#trailers = options.trailers === undefined ? undefined : new TrailerReader(options.trailers, this.#verifier);
  }

  get trailers(): ReadonlyMap<string, string> {
    return this.#trailers?.values ?? new Map();
  }

  *decode(bytes: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const data = bytes.subarray(at, at + this.#chunkRest);
        at += data.length;
        this.#takeData(data);
        yield data;
      } else if (this.#state === 'ended') {
        this.#takeBlanks(bytes.subarray(at));
        return;
      } else {
        at = this.#takeLine(bytes, at);
      }
    }
  }

  /** To be called after the last byte: refuses a body that stops early. */
  end(): void {
    if (this.#state !== 'ended')
      throw new S3Error('IncompleteBody', { message: 'The request body terminated unexpectedly' });
  }

  #takeData(data: Uint8Array): void {
    this.#verifier?.update(data);
    this.#chunkRest -= data.length;
    if (this.#chunkRest > 0) return;
    this.#verifier?.endChunk();
    this.#state = 'data-end';
  }

  /** Reads up to the end of the line or of the bytes; returns where it stopped. */
  #takeLine(bytes: Uint8Array, at: number): number {
    const end = bytes.indexOf(LF, at);
    const stop = end < 0 ? bytes.length : end;
    if (this.#line.length + stop - at > this.#lineBytesMax()) throw malformed('a line is too long');
    this.#line += Buffer.from(bytes.buffer, bytes.byteOffset + at, stop - at).toString('latin1');
    if (end < 0) return bytes.length;
    const line = this.#line;
    this.#line = '';
    this.#endLine(line);
    return end + 1;
  }

  #lineBytesMax(): number {
    return this.#state === 'trailers' ? TrailerReader.lineBytesMax : lineBytesMax;
  }

  #endLine(line: string): void {
    if (this.#state === 'trailers') {
      // Some clients end the lines of their trailers without a carriage return.
      if (this.#trailers?.takeLine(line.endsWith('\r') ? line.slice(0, -1) : line)) this.#finish();
      return;
    }
    if (!line.endsWith('\r')) throw malformed('a line does not end in CR LF');
    if (this.#state === 'size') {
      this.#startChunk(line.slice(0, -1));
      return;
    }
    if (line !== '\r') throw malformed('a chunk is longer than it says');
    if (this.#state === 'data-end') this.#state = 'size';
    else this.#finish();
  }

  #startChunk(line: string): void {
    const [, hexSize, signature] = /^([0-9a-fA-F]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? [];
    const signed = signature !== undefined;
    if (hexSize === undefined || signed !== (this.#verifier !== undefined))
      throw malformed('a chunk header is malformed');
    const previousSize = this.#chunkSize;
    this.#chunkSize = Number.parseInt(hexSize, 16);
    if (signed) this.#verifier?.startChunk(signature);
    if (this.#chunkSize === 0) {
      this.#verifier?.endChunk();
      this.#endChunks();
      return;
    }
    const isFirst = this.#decodedBytes === 0;
    if (signed && !isFirst && previousSize < chunkBytesMin) {
      throw new S3Error('InvalidChunkSizeError', { fields: { BadChunkSize: String(previousSize) } });
    }
    this.#decodedBytes += this.#chunkSize;
    if (this.#decodedBytes > this.#options.decodedLength) throw wrongLength();
    this.#chunkRest = this.#chunkSize;
    this.#state = 'data';
  }

  #endChunks(): void {
    if (this.#decodedBytes !== this.#options.decodedLength) throw wrongLength();
    this.#state = this.#trailers === undefined ? 'last-line' : 'trailers';
  }

  #finish(): void {
    this.#state = 'ended';
  }

  #takeBlanks(bytes: Uint8Array): void {
    this.#blankBytes += bytes.length;
    if (this.#blankBytes <= blankBytesAfterEndMax && bytes.every((byte) => byte === CR || byte === LF)) return;
    throw malformed('bytes follow the last chunk');
  }
}

function malformed(reason: string): S3Error {
  return new S3Error('InvalidRequest', { message: `The chunked body is malformed: ${reason}.` });
}

function wrongLength(): S3Error {
  return new S3Error('IncompleteBody', {
    message: 'You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header.',
  });
}
