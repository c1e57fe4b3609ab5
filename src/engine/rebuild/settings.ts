/** What no blob describes: who there is, and how buckets are by now. Copied beside the blobs, for a rebuild of the index. */
import { z } from 'zod';
import type { Index } from '../../meta/types.ts';

const identity = z.strictObject({ account: z.string(), kind: z.string(), name: z.string(), document: z.string() });
const bucket = z.strictObject({
  name: z.string(),
  /** Tells a bucket from an earlier one of the name. */
  createdMs: z.number(),
  versioning: z.enum(['Unversioned', 'Enabled', 'Suspended']),
  configs: z.record(z.string(), z.string()),
});

export const settingsSchema = z.strictObject({ identities: z.array(identity), buckets: z.array(bucket) });

export type Settings = z.infer<typeof settingsSchema>;

const pageSize = 1000;

export async function readSettings(index: Index): Promise<Settings> {
  const { documents } = await index.getIdentities();
  const buckets: Settings['buckets'] = [];
  for (let after = '', more = true; more; ) {
    const page = await index.listBuckets({ prefix: '', after, limit: pageSize });
    for (const { id, name, createdMs, versioning } of page.buckets) {
      buckets.push({ name, createdMs, versioning, configs: await index.getBucketConfigs(id) });
    }
    after = page.buckets.at(-1)?.name ?? after;
    more = page.isTruncated;
  }
  return { identities: [...documents], buckets };
}
