/** The inventory configurations of a bucket. */
import { z } from 'zod';
import { NamedConfigurations } from '../named-configurations.ts';
import { type InventoryConfiguration, inventoryFields, inventoryFormats } from './configuration.ts';

export const inventoryConfigurations = new NamedConfigurations<InventoryConfiguration>(
  'inventory',
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
      format: z.enum(inventoryFormats).optional(),
      encryption: z
        .discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('SSE-S3') }),
          z.strictObject({ kind: z.literal('SSE-KMS'), keyId: z.string() }),
        ])
        .optional(),
    }),
    putMs: z.int(),
  }),
);
