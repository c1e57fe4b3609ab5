/** Writes an object that S3 itself makes of one bucket into another one, where it may. */
import type { Version } from '../../meta/records.ts';
import { defaultChecksumAlgorithm } from '../checksums.ts';
import { serviceCause } from '../events/service-cause.ts';
import type { Objects } from '../types.ts';
import { type Delivery, type DeliveryCheck, DeliveryRefused } from './types.ts';

/** Throws DeliveryRefused where it may not be written. */
export async function checkDelivery(delivery: Delivery, check: DeliveryCheck): Promise<void> {
  const refusal = await check(delivery);
  if (refusal !== undefined) throw new DeliveryRefused(refusal);
}

/** Throws DeliveryRefused. The object belongs to the owner of the bucket that it is in. */
export async function deliver(
  objects: Pick<Objects, 'put'>,
  delivery: Delivery,
  { chunks, check }: { chunks: readonly Uint8Array[]; check: DeliveryCheck },
): Promise<Version> {
  await checkDelivery(delivery, check);
  const { destination, key } = delivery;
  return objects.put({
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
    cause: serviceCause(),
  });
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
