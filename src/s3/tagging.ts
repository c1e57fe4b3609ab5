/**
 * Tags: their rules, and the form they take in the `x-amz-tagging` header.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
 */
import type { Tag } from '../engine/types.ts';
import { S3Error } from './errors.ts';
import { decodeForm } from './form-encoding.ts';
import type { OperationRequest } from './operation.ts';

/** A tag as documents carry it. */
export interface TagElement {
  readonly Key: string;
  readonly Value: string;
}

const objectTagsMax = 10;
const bucketTagsMax = 50;
/** In UTF-16 units, as S3 counts them. */
const keyLengthMax = 128;
const valueLengthMax = 256;
const allowedPattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const reservedPattern = /^aws:/i;

/** Tags of an object from a document. Throws BadRequest (too many) or InvalidTag. */
export function parseObjectTags(elements: readonly TagElement[]): Tag[] {
  if (elements.length > objectTagsMax) {
    throw new S3Error('BadRequest', { message: `Object tags cannot be greater than ${objectTagsMax}` });
  }
  return checkTags(elements, 'Your TagKey cannot be prefixed with aws:');
}

/** Tags of a bucket from a document. Throws BadRequest (too many) or InvalidTag. */
export function parseBucketTags(elements: readonly TagElement[]): Tag[] {
  if (elements.length > bucketTagsMax) {
    throw new S3Error('BadRequest', { message: `Bucket tag count cannot be greater than ${bucketTagsMax}` });
  }
  return checkTags(elements, 'System tags cannot be added/updated by requester');
}

/** Throws where policies may ask for the bucket's tags: then they are changed by S3 Control alone. */
export async function refuseUnderAbac(request: OperationRequest): Promise<void> {
  const { tags } = await request.accessOf(request.bucket());
  if (tags === undefined) return;
  throw new S3Error('InvalidRequest', {
    message: 'The tags of a bucket with ABAC enabled are changed by TagResource and UntagResource of S3 Control only.',
  });
}

/**
 * Tags of an object from a header like `project=Blue&classified`. Throws InvalidArgument where it is not such a text or
 * names a key twice, else as `parseObjectTags`.
 */
export function parseTaggingHeader(header: string): Tag[] {
  const pairs = header.split('&').filter((pair) => pair !== '');
  const elements = pairs.map((pair) => {
    const separator = pair.indexOf('=');
    const Key = decodeForm(separator < 0 ? pair : pair.slice(0, separator));
    const Value = decodeForm(separator < 0 ? '' : pair.slice(separator + 1));
    if (Key === undefined || Value === undefined) throw malformedHeader(header);
    return { Key, Value };
  });
  if (new Set(elements.map(({ Key }) => Key)).size < elements.length) throw malformedHeader(header);
  return parseObjectTags(elements);
}

/** Tags as documents carry them. */
export function tagElements(tags: readonly Tag[]): TagElement[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}

/** The same by key, so that answers do not depend on the order in which tags were given. */
export function sortedTagElements(tags: readonly Tag[]): TagElement[] {
  return tagElements(tags).sort((a, b) => (a.Key < b.Key ? -1 : 1));
}

function checkTags(elements: readonly TagElement[], reservedMessage: string): Tag[] {
  const keys = new Set<string>();
  for (const { Key, Value } of elements) {
    if (Key === '' || Key.length > keyLengthMax || !allowedPattern.test(Key)) {
      throw invalidTag(Key, { message: 'The TagKey you have provided is invalid' });
    }
    if (Value.length > valueLengthMax || !allowedPattern.test(Value)) {
      throw new S3Error('InvalidTag', {
        message: 'The TagValue you have provided is invalid',
        fields: { TagKey: Key, TagValue: Value },
      });
    }
    if (reservedPattern.test(Key)) throw invalidTag(Key, { message: reservedMessage });
    if (keys.has(Key)) throw invalidTag(Key, { message: 'Cannot provide multiple Tags with the same key' });
    keys.add(Key);
  }
  return elements.map(({ Key, Value }) => ({ key: Key, value: Value }));
}

function invalidTag(key: string, options: { message: string }): S3Error {
  return new S3Error('InvalidTag', { ...options, fields: { TagKey: key } });
}

function malformedHeader(header: string): S3Error {
  return new S3Error('InvalidArgument', {
    message:
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    fields: { ArgumentName: 'x-amz-tagging', ArgumentValue: header },
  });
}
