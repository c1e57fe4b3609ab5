/**
 * Text in HTTP headers. node:http hands header bytes over as Latin-1 and sends Latin-1, while S3's clients put UTF-8 there.
 * User metadata outside US-ASCII travels as RFC 2047 encoded words.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const notAscii = /[^\x20-\x7e]/;
const encodedWord = /=\?([\w-]+)\?([BbQq])\?([^?]*)\?=/g;
/** White space between two encoded words is no part of the text (RFC 2047, section 6.2). */
const betweenWords = /(\?=)[ \t]+(?==\?[\w-]+\?[BbQq]\?)/g;

/** The text of a header as node:http gives it: its bytes as UTF-8, or as Latin-1 where they are no UTF-8. */
export function readHeaderText(value: string): string {
  if (!/[\x80-\xff]/.test(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch (error) {
    if (error instanceof TypeError) return value;
    throw error;
  }
}

/**
 * Text as node:http may send it: UTF-8 bytes as Latin-1 characters. Control characters become spaces, so that no text can
 * end the header and start another.
 */
export function writeHeaderText(text: string): string {
  if (!notAscii.test(text)) return text;
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  return bytes.replaceAll(/[\x00-\x08\x0a-\x1f\x7f]/g, ' ');
}

interface EncodedWord {
  readonly word: string;
  readonly charset: string;
  readonly encoding: string;
  readonly content: string;
}

function decodeWord({ word, charset, encoding, content }: EncodedWord): string {
  const isBase64 = encoding.toUpperCase() === 'B';
  const quoted = content.replaceAll('_', ' ').replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16));
  });
  const bytes = isBase64 ? Buffer.from(content, 'base64') : Buffer.from(quoted, 'latin1');
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    // An unknown character set or bytes that are not of it: the text stays as it was sent.
    if (error instanceof TypeError || error instanceof RangeError) return word;
    throw error;
  }
}

/** The value of a user metadata header, with encoded words decoded. */
export function readMetadataText(value: string): string {
  const text = readHeaderText(value);
  if (!text.includes('=?')) return text;
  return text
    .replaceAll(betweenWords, '$1')
    .replaceAll(encodedWord, (...[word, charset, encoding, content]: [string, string, string, string]) =>
      decodeWord({ word, charset, encoding, content }),
    );
}

/** A user metadata value for a header: itself if printable ASCII that reads back as itself, else one encoded word. */
export function writeMetadataText(text: string): string {
  if (!notAscii.test(text) && readMetadataText(text) === text) return text;
  return `=?UTF-8?B?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}
