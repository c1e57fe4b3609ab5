/** The inventory configurations of a bucket, kept in one document by id. */
import { z } from 'zod';
import type { Bucket } from '../../meta/records.ts';
import type { Buckets } from '../types.ts';
import { type InventoryConfiguration, inventoryFields } from './configuration.ts';

/** Name of the document that keeps them. */
export const inventoryKind = 'inventory';

const configurationsSchema = z.array(
  z.strictObject({
    id: z.string(),
    isEnabled: z.boolean(),
    prefix: z.string().optional(),
    versions: z.enum(['All', 'Current']),
    frequency: z.enum(['Daily', 'Weekly']),
    fields: z.array(z.enum(inventoryFields)),
    destination: z.strictObject({
      bucket: z.string(),
      account: z.string().optional(),
      prefix: z.string().optional(),
    }),
    putMs: z.int(),
  }),
);

/** The configurations of a bucket, in order of id. */
export async function readInventories(
  buckets: Pick<Buckets, 'getConfig'>,
  bucket: Bucket,
): Promise<readonly InventoryConfiguration[]> {
  return parse(await buckets.getConfig(bucket, inventoryKind));
}

/** Replaces the configurations by what `decide` makes of them, with no other change in between; it gives them in any order. */
export async function changeInventories(
  buckets: Buckets,
  bucket: Bucket,
  decide: (configurations: readonly InventoryConfiguration[]) => readonly InventoryConfiguration[],
): Promise<void> {
  await buckets.changeConfig(bucket, inventoryKind, (document) => {
    const decided = decide(parse(document)).toSorted((one, other) => (one.id < other.id ? -1 : 1));
    return decided.length === 0 ? null : JSON.stringify(decided);
  });
}

function parse(document: string | undefined): readonly InventoryConfiguration[] {
  return document === undefined ? [] : configurationsSchema.parse(JSON.parse(document));
}
