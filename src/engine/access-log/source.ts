/** Whose log lines are and where they go, as it is kept with them: the bucket may be gone by the time of their delivery. */
import { z } from 'zod';
import type { Bucket } from '../../meta/records.ts';
import { loggingSchema } from './configuration.ts';

const sourceSchema = z.strictObject({
  bucket: z.strictObject({
    id: z.int(),
    name: z.string(),
    region: z.string(),
    owner: z.string(),
    createdMs: z.int(),
    versioning: z.enum(['Unversioned', 'Enabled', 'Suspended']),
  }),
  configuration: loggingSchema,
});

export type LogSource = Readonly<z.infer<typeof sourceSchema>>;

export function encodeSource({ bucket, configuration }: LogSource): string {
  const { id, name, region, owner, createdMs, versioning }: Bucket = bucket;
  return JSON.stringify({ bucket: { id, name, region, owner, createdMs, versioning }, configuration });
}

export function decodeSource(text: string): LogSource {
  return sourceSchema.parse(JSON.parse(text));
}
