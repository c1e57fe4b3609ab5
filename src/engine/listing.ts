import type { EngineContext } from './context.ts';
import { refusing } from './refusals.ts';
import type { Listing } from './types.ts';
import { ordinalOfId } from './version-ids.ts';

/** Pages of keys and versions: ordered range scans of the index. */
export function createListing({ index }: EngineContext): Listing {
  return {
    objects: (bucket, query) =>
      refusing({ bucket: bucket.name }, () => index.listObjects({ bucketId: bucket.id, ...query })),
    versions: (bucket, query) =>
      refusing({ bucket: bucket.name }, () =>
        index.listVersions({ bucketId: bucket.id, ...query, afterOrdinal: ordinalOfId(query.afterVersionId) }),
      ),
  };
}
