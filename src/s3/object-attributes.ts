/** What a request that makes an object says of it, as the engine keeps it. */
import type { ObjectAttributes } from '../engine/types.ts';
import { storedContentEncoding } from './body.ts';
import { S3Error } from './errors.ts';
import type { Standing } from './object-ownership.ts';
import { parseStorageClass } from './storage-classes.ts';
import { parseTaggingHeader } from './tagging.ts';
import { parseMetadata } from './user-metadata.ts';

/** Members that say it, for an operation's `supports`. */
export const attributeInputs = [
  'CacheControl',
  'ContentDisposition',
  'ContentEncoding',
  'ContentLanguage',
  'ContentType',
  'Expires',
  'Metadata',
  'StorageClass',
  'Tagging',
  'WebsiteRedirectLocation',
] as const;

type AttributeMember = (typeof attributeInputs)[number];

/** Those members, with the text of `Expires` as the client wrote it. */
export type AttributeInput = {
  readonly [M in Exclude<AttributeMember, 'Metadata'>]?: string | undefined;
} & { readonly Metadata?: Readonly<Record<string, string>> | undefined };

const defaultContentType = 'binary/octet-stream';
const redirectPattern = /^(\/|https?:\/\/)/;

/**
 * Attributes of a new object. Throws MetadataTooLarge, InvalidStorageClass, InvalidRedirectLocation and the errors of
 * tags.
 */
export function parseAttributes({ owner, acl }: Standing, input: AttributeInput): ObjectAttributes {
  return {
    owner,
    ...(acl !== undefined && { acl }),
    storageClass: parseStorageClass(input.StorageClass),
    headers: systemHeaders(input),
    metadata: parseMetadata(input.Metadata),
    tags: parseTaggingHeader(input.Tagging ?? ''),
  };
}

function systemHeaders(input: AttributeInput): ObjectAttributes['headers'] {
  const { CacheControl, ContentDisposition, ContentLanguage, ContentType, Expires, WebsiteRedirectLocation } = input;
  const contentEncoding = storedContentEncoding(input.ContentEncoding);
  if (WebsiteRedirectLocation !== undefined && !redirectPattern.test(WebsiteRedirectLocation)) {
    throw new S3Error('InvalidRedirectLocation');
  }
  return {
    contentType: ContentType || defaultContentType,
    ...(CacheControl !== undefined && { cacheControl: CacheControl }),
    ...(ContentDisposition !== undefined && { contentDisposition: ContentDisposition }),
    ...(contentEncoding !== undefined && { contentEncoding }),
    ...(ContentLanguage !== undefined && { contentLanguage: ContentLanguage }),
    ...(Expires !== undefined && { expires: Expires }),
    ...(WebsiteRedirectLocation !== undefined && { websiteRedirectLocation: WebsiteRedirectLocation }),
  };
}
