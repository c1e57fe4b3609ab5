/** The body of an operation that takes a document: read whole, within a limit, and checked as any other body. */
import type { IncomingHttpHeaders } from 'node:http';
import { minioHeaders } from '../engine/replication/minio-facts.ts';
import type { BodySource } from '../engine/types.ts';
import { digest } from '../lib/digests/digester.ts';
import type { BodyOptions } from './body.ts';
import { S3Error } from './errors.ts';
import { operationTable } from './model/table.generated.ts';
import type { OperationName } from './model/types.ts';

/** Room for what S3 allows in most documents (100 grants, 50 tags, a policy), whatever of it is escaped. */
export const usualDocumentBytesMax = 256 * 1024;

export type OpenBody = (options: BodyOptions) => BodySource;

export interface DocumentRequest {
  readonly headers: IncomingHttpHeaders;
  readonly openBody: OpenBody;
  /** Longest document. */
  readonly bytesMax: number;
}

/** Operations whose body S3 takes without a checksum too, though its model demands one: many clients send none. */
const takenBare: ReadonlySet<OperationName> = new Set<OperationName>([
  'PutBucketAcl',
  'PutObjectAcl',
  'PutBucketPolicy',
]);

/** Undefined where no body came. Throws S3Error. */
export function readDocument(name: OperationName, request: DocumentRequest): Promise<Buffer> | undefined {
  const { headers } = request;
  if (operationTable[name].checksumRequired && !takenBare.has(name) && !carriesChecksum(headers)) {
    throw new S3Error('InvalidRequest', { message: 'Missing required header for this request: Content-MD5' });
  }
  if (headers['content-length'] === undefined && !('transfer-encoding' in headers)) return undefined;
  return readWhole(name, request);
}

async function readWhole(name: OperationName, { headers, openBody, bytesMax }: DocumentRequest): Promise<Buffer> {
  // A MinIO that begins an upload of a replica says that of the whole object, too.
  const isOfObject =
    name === 'CompleteMultipartUpload' || (name === 'CreateMultipartUpload' && minioHeaders.isReplica in headers);
  const source = openBody({ checksumsOf: isOfObject ? 'object' : 'body' });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source.stream) {
    size += chunk.length;
    if (size > bytesMax) {
      throw new S3Error('MaxMessageLengthExceeded', { fields: { MaxMessageLengthBytes: String(bytesMax) } });
    }
    // A chunk is valid until the next one is asked for.
    chunks.push(Uint8Array.from(chunk));
  }
  const body = Buffer.concat(chunks, size);
  source.verify(await digest(source.algorithms, body));
  return body;
}

function carriesChecksum(headers: IncomingHttpHeaders): boolean {
  if ('content-md5' in headers || 'x-amz-trailer' in headers) return true;
  return Object.keys(headers).some((name) => name.startsWith('x-amz-checksum-'));
}
