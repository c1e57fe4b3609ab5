/**
 * Where the bytes of an encrypted blob lie. It is a row of frames of 64 KiB, the last of them mostly shorter; each is so many
 * bytes of text and, for each layer of encryption, a tag of 16 bytes behind them. Frames of a large blob so are the blocks
 * that the store verifies. Pure arithmetic.
 */

/** With its tags. */
export const frameBytes = 64 * 1024;
export const tagBytes = 16;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Bytes of text in a full frame. */
export function textBytesOf(layers: number): number {
  return frameBytes - layers * tagBytes;
}

/** Bytes that a text has when it is encrypted. */
export function encryptedSize({ length, layers }: { length: number; layers: number }): number {
  return length + Math.ceil(length / textBytesOf(layers)) * layers * tagBytes;
}

/** The longest text that has so many bytes at most when it is encrypted. */
export function textBytesMax({ size, layers }: { size: number; layers: number }): number {
  return size - Math.ceil(size / frameBytes) * layers * tagBytes;
}

/** The frames that a range of the text, which must not be empty, lies in. */
export interface Framed {
  /** Number of the first of them. */
  readonly first: number;
  /** Their bytes in the blob. */
  readonly range: Range;
  /** Bytes of their text before the range. */
  readonly skip: number;
}

export function framesOf(range: Range, { size, layers }: { size: number; layers: number }): Framed {
  const text = textBytesOf(layers);
  const first = Math.floor(range.start / text);
  const behind = Math.ceil(range.end / text);
  return {
    first,
    range: { start: first * frameBytes, end: Math.min(behind * frameBytes, size) },
    skip: range.start - first * text,
  };
}
