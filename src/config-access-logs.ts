/** The settings of access logs: when they are delivered, and how much may wait for that. */
import { z } from 'zod';
import { durationSchema } from './config-durations.ts';

const mebibyte = 1024 * 1024;

export const accessLogsSchema = z.strictObject({
  deliveryInterval: durationSchema.default('5m'),
  objectBytesMax: z
    .int()
    .min(1024)
    .max(1024 * mebibyte)
    .default(16 * mebibyte),
  waitingBytesMax: z
    .int()
    .min(mebibyte)
    .default(256 * mebibyte),
  keepFor: durationSchema.default('72h'),
});
