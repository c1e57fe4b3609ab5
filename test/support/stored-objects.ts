/** Objects that a test has put through the SDK, and whether they still read back as they were put. */
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  paginateListObjectsV2,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { seededBytes } from './seeded-bytes.ts';

const mebibyte = 1024 * 1024;
export const partSizeMinBytes = 5 * mebibyte;

/** How a read went: right to the last byte, or refused, or cut. Wrong bytes fail the test at once. */
export type ReadOutcome = 'right' | 'refused' | 'cut';

export class StoredObjects {
  readonly #client: S3Client;
  readonly bucket: string;
  /** The bytes of each key. */
  readonly contents = new Map<string, Buffer>();

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.bucket = bucket;
  }

  /** Puts an object of its own bytes. Rejects as the SDK does; the object is then not remembered. */
  async put(key: string, size: number, input: Partial<PutObjectCommandInput> = {}): Promise<void> {
    const bytes = seededBytes(key, size);
    await this.#client.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: bytes, ...input }));
    this.contents.set(key, bytes);
  }

  /** As `put`, in parts of the least size. */
  async putInParts(key: string, size: number): Promise<void> {
    const bytes = seededBytes(key, size);
    await uploadInParts(this.#client, { Bucket: this.bucket, Key: key }, bytes);
    this.contents.set(key, bytes);
  }

  /** Opens a read of a whole object; its head has come when this resolves. */
  async open(key: string): Promise<Readable> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
    return streamOf(Body);
  }

  /** Expects every object to read back as it was put, whole and in some ranges, and the listing to be right. */
  async expectRight(): Promise<void> {
    for (const key of this.contents.keys()) {
      expect(await this.read(key), key).toBe('right');
      for (const range of this.#rangesOf(key)) expect(await this.read(key, range), `${key} ${range}`).toBe('right');
    }
    expect(await listKeys(this.#client, this.bucket)).toEqual(
      [...this.contents].map(([key, { length }]) => [key, length]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    );
  }

  /** Reads an object or an inclusive range of it. Refusals must be ServiceUnavailable, and no byte may be wrong. */
  async read(key: string, range?: readonly [first: number, last: number]): Promise<ReadOutcome> {
    const whole = this.contents.get(key);
    if (whole === undefined) throw new Error(`${key} was never put`);
    const expected = range === undefined ? whole : whole.subarray(range[0], range[1] + 1);
    const asked = range === undefined ? {} : { Range: `bytes=${range[0]}-${range[1]}` };
    try {
      const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key, ...asked }));
      return await compare(streamOf(Body), expected);
    } catch (error) {
      expectUnavailable(error);
      return 'refused';
    }
  }

  #rangesOf(key: string): (readonly [number, number])[] {
    const size = this.contents.get(key)?.length ?? 0;
    if (size < 2) return [];
    const ranges: (readonly [number, number])[] = [
      [size - 1, size - 1],
      [Math.floor(size / 3), Math.floor(size / 2)],
    ];
    // Across a boundary of blocks, and one of stripes.
    if (size > 70_000) ranges.push([65_530, 65_540]);
    if (size > 2 * mebibyte) ranges.push([1.5 * mebibyte - 3, 1.5 * mebibyte + 3]);
    return ranges;
  }
}

/** Reads a stream beside the bytes it must give. Where it breaks, what came before must have been right. */
export async function compare(stream: Readable, expected: Buffer, from = 0): Promise<ReadOutcome> {
  let at = from;
  try {
    for await (const chunk of stream) {
      const isRight = Buffer.isBuffer(chunk) && chunk.equals(expected.subarray(at, at + chunk.length));
      if (!isRight) expect.fail(`a wrong byte was returned at or behind ${at}`);
      at += chunk.length;
    }
  } catch (error) {
    if (!isConnectionError(error)) throw error;
    return 'cut';
  }
  return at === expected.length ? 'right' : 'cut';
}

/** Expects the typed refusal of a server that can neither read nor write enough shards. */
export function expectUnavailable(error: unknown): void {
  if (!(error instanceof S3ServiceException)) throw error;
  expect({ name: error.name, status: error.$metadata.httpStatusCode }).toEqual({
    name: 'ServiceUnavailable',
    status: 503,
  });
}

/** Uploads bytes in parts of the least size, as many at once as there are. */
export async function uploadInParts(
  client: S3Client,
  target: { readonly Bucket: string; readonly Key: string },
  bytes: Buffer,
): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  const count = Math.max(1, Math.ceil(bytes.length / partSizeMinBytes));
  const Parts = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const Body = bytes.subarray(i * partSizeMinBytes, (i + 1) * partSizeMinBytes);
      const { ETag } = await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: i + 1, Body }));
      return { ETag, PartNumber: i + 1 };
    }),
  );
  await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
}

/** Keys and sizes of a bucket, as ListObjectsV2 gives them. */
export async function listKeys(client: S3Client, bucket: string): Promise<[key: string, size: number][]> {
  const listed: [string, number][] = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket })) {
    for (const { Key = '', Size = 0 } of page.Contents ?? []) listed.push([Key, Size]);
  }
  return listed;
}

export function streamOf(body: unknown): Readable {
  if (!(body instanceof Readable)) throw new TypeError('the SDK gives a body as a stream');
  return body;
}

/** Whether the connection broke: what a client meets when the server cuts a stream, is killed, or is not there. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    /^(ECONNRESET|ECONNREFUSED|EPIPE|ERR_STREAM_PREMATURE_CLOSE|UND_ERR_SOCKET)$/.test(code) ||
    /socket hang up|aborted/.test(error.message)
  );
}
