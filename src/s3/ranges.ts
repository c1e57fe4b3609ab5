/**
 * Byte ranges as S3 reads them. Ends are excluded, as everywhere in this code; on the wire they are included.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax
 */
import { S3Error } from './errors.ts';

/** Bytes `start` (included) to `end` (excluded). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const rangePattern = /^bytes=(\d*)-(\d*)$/i;
const copyRangePattern = /^bytes=(\d+)-(\d+)$/;

/**
 * The part of `size` bytes that a `Range` header asks for; undefined if it asks for none: there is no header, it is
 * malformed or inverted, or it names several ranges, all of which S3 answers with the whole. Throws InvalidRange if the
 * range holds no byte of the object.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  if (header === undefined) return undefined;
  const match = rangePattern.exec(header.trim());
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const range =
    first === ''
      ? { start: Math.max(0, size - Number(last)), end: size }
      : { start: Number(first), end: last === '' ? size : Math.min(size, Number(last) + 1) };
  if (range.start >= range.end) {
    throw new S3Error('InvalidRange', { fields: { RangeRequested: header, ActualObjectSize: String(size) } });
  }
  return range;
}

/** A range in the form of `Content-Range`. */
export function formatContentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end - 1}/${size}`;
}

/**
 * The part of a source that `x-amz-copy-source-range` names; the whole without the header. Unlike `Range` it must be exact.
 * Throws InvalidArgument.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
 */
export function parseCopyRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined) return { start: 0, end: size };
  const [, first, last] = copyRangePattern.exec(header) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    throw invalidCopyRange(header, {
      message:
        'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
    });
  }
  if (Number(last) >= size) {
    throw invalidCopyRange(header, { message: `Range specified is not valid for source object of size: ${size}` });
  }
  return { start: Number(first), end: Number(last) + 1 };
}

function invalidCopyRange(header: string, options: { message: string }): S3Error {
  const fields = { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: header };
  return new S3Error('InvalidArgument', { ...options, fields });
}
