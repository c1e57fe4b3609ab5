/**
 * What annotations may be called and hold.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/annotations-overview.html
 */
import type { AnnotationPut } from '../engine/annotations/types.ts';
import type { BodySource, Bucket, Version } from '../engine/types.ts';
import { parseEtags } from './conditions.ts';
import { S3Error } from './errors.ts';
import { readBoolean } from './model/decode-scalars.ts';
import type { OperationRequest } from './operation.ts';

const nameBytesMax = 512;
const payloadBytesMax = 1024 * 1024;

const namePattern = /^[\p{L}0-9_.-]+$/u;
const reservedPattern = /^(aws|s3)/i;

/** Throws InvalidAnnotationName and AnnotationNameTooLong. */
export function checkAnnotationName(name: string): void {
  if (Buffer.byteLength(name) > nameBytesMax) throw new S3Error('AnnotationNameTooLong');
  if (!namePattern.test(name) || reservedPattern.test(name)) throw new S3Error('InvalidAnnotationName');
}

/** Throws InvalidPrefix for what no name begins with, but for the beginnings that are reserved. */
export function checkAnnotationPrefix(prefix: string): void {
  if (prefix === '' || (namePattern.test(prefix) && Buffer.byteLength(prefix) <= nameBytesMax)) return;
  throw new S3Error('InvalidPrefix');
}

/** The body as an annotation, which is text of UTF-8. Throws InvalidRequest for one that has a length that none may have; its stream throws that too, and UnsupportedMediaType. */
export function annotationBody(source: BodySource): BodySource {
  if (source.length !== undefined) checkLength(source.length);
  async function* checked(): AsyncGenerator<Uint8Array> {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let length = 0;
    for await (const chunk of source.stream) {
      length += chunk.length;
      if (length > payloadBytesMax) checkLength(length);
      decode(decoder, chunk);
      yield chunk;
    }
    decode(decoder);
    checkLength(length);
  }
  return { ...source, stream: checked() };
}

function checkLength(length: number): void {
  if (length > 0 && length <= payloadBytesMax) return;
  throw new S3Error('InvalidRequest', { message: 'The annotation payload must be between 1 byte and 1 MiB in size.' });
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): void {
  try {
    decoder.decode(chunk, { stream: chunk !== undefined });
  } catch (cause) {
    throw new S3Error('UnsupportedMediaType', { cause });
  }
}

/** What a change of an annotation names, and on what conditions it is made. */
export function annotationChange(
  request: OperationRequest,
  { bucket, version }: { bucket: Bucket; version: Version },
  { AnnotationName, ObjectIfMatch }: { AnnotationName: string; ObjectIfMatch?: string | undefined },
): Omit<AnnotationPut, 'source'> {
  // The model of these operations does not have the header that AWS's description of them asks for.
  const bypassesGovernance = readBoolean(request.header('x-amz-bypass-governance-retention')?.trim() ?? '') === true;
  return {
    ...{ bucket, version, name: AnnotationName, cause: request.cause(), bypassesGovernance },
    ...(ObjectIfMatch !== undefined && { ifMatch: parseEtags(ObjectIfMatch) }),
  };
}
