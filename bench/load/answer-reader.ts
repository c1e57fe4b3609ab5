/**
 * Reads answers of HTTP/1.1 off a connection, as cheaply as it can: of the head it looks at the status and at what tells the
 * length, of the body it counts bytes.
 */

/** The other side does not speak HTTP/1.1 as this reader knows it. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
}

const headEnd = Buffer.from('\r\n\r\n');
const headBytesMax = 64 * 1024;

export class AnswerReader {
  status = 0;
  /** Of the answer that is being read, or was read last. */
  bodyBytes = 0;
  #place: 'head' | 'body' | 'chunks' | 'trailers' = 'head';
  #left = 0;
  #partialHead: Buffer | undefined;
  #line = '';

  /** Takes what came in; true once an answer is whole. What follows it must be asked for first, so nothing does. */
  take(bytes: Buffer): boolean {
    let at = 0;
    if (this.#place === 'head') {
      at = this.#takeHead(bytes);
      if (at < 0) return false;
    }
    if (this.#place === 'body') this.#takeBody(bytes.length - at);
    else if (this.#place !== 'head') this.#takeChunks(bytes, at);
    // Set anew by what was just taken.
    return this.#isAtHead();
  }

  #isAtHead(): boolean {
    return this.#place === 'head';
  }

  /** Where the body begins in `bytes`, or -1 as long as the head is not whole. */
  #takeHead(bytes: Buffer): number {
    const before = this.#partialHead;
    const head = before === undefined ? bytes : Buffer.concat([before, bytes]);
    const end = head.indexOf(headEnd);
    if (end < 0) {
      if (head.length > headBytesMax) throw new AnswerError('the head of the answer does not end');
      // The bytes belong to the connection, which will overwrite them.
      this.#partialHead = Buffer.from(head);
      return -1;
    }
    this.#partialHead = undefined;
    this.#readHead(head.toString('latin1', 0, end + 2));
    return end + headEnd.length - (before?.length ?? 0);
  }

  #readHead(text: string): void {
    if (!text.startsWith('HTTP/1.1 ')) throw new AnswerError(`no answer of HTTP/1.1: ${text.slice(0, 40)}`);
    this.status = Number(text.slice(9, 12));
    this.bodyBytes = 0;
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text)?.[1];
    if (length !== undefined) {
      this.#left = Number(length);
      this.#place = 'body';
    } else if (/\r\ntransfer-encoding: *chunked\r\n/i.test(text)) {
      this.#left = 0;
      this.#line = '';
      this.#place = 'chunks';
    } else if (this.status === 204 || this.status === 304) {
      this.#left = 0;
      this.#place = 'body';
    } else {
      throw new AnswerError('the answer does not tell its length');
    }
  }

  #takeBody(length: number): void {
    if (length > this.#left) throw new AnswerError('more came than the answer has');
    this.bodyBytes += length;
    this.#left -= length;
    if (this.#left === 0) this.#place = 'head';
  }

  #takeChunks(bytes: Buffer, from: number): void {
    let at = from;
    while (at < bytes.length && !this.#isAtHead()) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, bytes.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      const end = bytes.indexOf(0x0a, at);
      this.#line += bytes.toString('latin1', at, end < 0 ? bytes.length : end + 1);
      if (end < 0) return;
      at = end + 1;
      this.#takeLine(this.#line.trim());
      this.#line = '';
    }
  }

  #takeLine(line: string): void {
    if (this.#place === 'trailers') {
      if (line === '') this.#place = 'head';
      return;
    }
    const length = Number.parseInt(line, 16);
    if (!Number.isInteger(length)) throw new AnswerError(`no length of a chunk: ${line.slice(0, 40)}`);
    this.bodyBytes += length;
    if (length === 0) this.#place = 'trailers';
    // The chunk and the end of its line.
    else this.#left = length + 2;
  }
}
