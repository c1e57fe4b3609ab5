/** The load process counts a request as answered when its reader says so: it must not be fooled by how bytes arrive. */
import { describe, expect, test } from 'vitest';
import { AnswerError, AnswerReader } from '../../bench/load/answer-reader.ts';

const withLength = 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\nETag: "a"\r\n\r\nhello world';
const empty = 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n';
const withoutBody = 'HTTP/1.1 204 No Content\r\nserver: x\r\n\r\n';
const chunked =
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nx-trailer: y\r\n\r\n';

/** What the reader says after each piece. All come in one buffer, as a connection's do. */
function take(reader: AnswerReader, pieces: readonly string[]): boolean[] {
  const buffer = Buffer.alloc(1024);
  return pieces.map((piece) => reader.take(buffer.subarray(0, buffer.write(piece))));
}

describe.for([
  ['a length', withLength, 200, 11],
  ['a length of 0', empty, 404, 0],
  ['no body', withoutBody, 204, 0],
  ['chunks and a trailer', chunked, 200, 11],
] as const)('an answer with %s', ([, text, status, bodyBytes]) => {
  test('in one piece → whole, and so is the next one', () => {
    const reader = new AnswerReader();
    expect(take(reader, [text, text])).toEqual([true, true]);
    expect([reader.status, reader.bodyBytes]).toEqual([status, bodyBytes]);
  });

  test('byte by byte → whole with the last one and not before', () => {
    const reader = new AnswerReader();
    expect(take(reader, text.split('')).indexOf(true)).toBe(text.length - 1);
    expect([reader.status, reader.bodyBytes]).toEqual([status, bodyBytes]);
  });

  test('cut in two at any place → whole with the second', () => {
    for (let at = 1; at < text.length; at++) {
      const reader = new AnswerReader();
      expect(take(reader, [text.slice(0, at), text.slice(at)])).toEqual([false, true]);
    }
  });
});

test.for([
  ['more than its length', `${withLength}!`],
  ['neither length nor chunks', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['another protocol', 'SSH-2.0\r\n\r\n'],
  ['a chunk without a length', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
] as const)('an answer of %s → error', ([, text]) => {
  expect(() => new AnswerReader().take(Buffer.from(text))).toThrow(AnswerError);
});
