/** The settings of replication. */
import { z } from 'zod';
import { durationSchema } from './config-durations.ts';

export const replicationSchema = z.strictObject({
  retryFor: durationSchema.default('168h'),
  bytesPerSecond: z.int().min(1024).optional(),
});
