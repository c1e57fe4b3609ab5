/** User metadata. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html#UserMetadata */
import { S3Error } from './errors.ts';

const metadataBytesMax = 2048;

/** Names in lower case. Throws MetadataTooLarge: names and values together may have 2 KiB as UTF-8. */
export function parseMetadata(given: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const entries = Object.entries(given ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  const size = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (size > metadataBytesMax) {
    throw new S3Error('MetadataTooLarge', {
      fields: { Size: String(size), MaxSizeAllowed: String(metadataBytesMax) },
    });
  }
  return Object.fromEntries(entries);
}
