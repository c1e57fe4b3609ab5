/** Writes an object that S3 itself makes of one bucket into another one, where it may. */
import { createHash } from 'node:crypto';
import { defaultChecksumAlgorithm } from '../checksums.ts';
import { serviceCause } from '../events/service-cause.ts';
import type { Objects } from '../types.ts';
import type { Delivery, DeliveryCheck } from './types.ts';

/** An object that was written. */
export interface Delivered {
  readonly size: number;
  /** In hex; of what is encrypted too, whose ETag says nothing of it. */
  readonly md5: string;
}

/** Throws DeliveryRefused. The object belongs to the owner of the bucket that it is in. */
export async function deliver(
  objects: Pick<Objects, 'put'>,
  delivery: Delivery,
  { chunks, check }: { chunks: readonly Uint8Array[]; check: DeliveryCheck },
): Promise<Delivered> {
  const encryption = await check(delivery);
  const { destination, key } = delivery;
  const { size, etag } = await objects.put({
    bucket: destination,
    key,
    source: {
      stream: streamOf(chunks),
      length: chunks.reduce((sum, { length }) => sum + length, 0),
      algorithms: new Set(),
      checksumAlgorithm: defaultChecksumAlgorithm,
      verify: () => {},
    },
    attributes: { owner: destination.owner, storageClass: 'STANDARD', headers: {}, metadata: {}, tags: [] },
    encryption,
    cause: serviceCause(),
  });
  return { size, md5: encryption?.kind === 'SSE-KMS' ? md5Of(chunks) : etag };
}

/** At once: files of reports are small. */
function md5Of(chunks: readonly Uint8Array[]): string {
  const hash = createHash('md5');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
