import { Turns } from '../lib/turns.ts';
import { objectLockKind } from '../meta/object-lock.ts';
import type { Bucket } from '../meta/records.ts';
import type { EngineContext } from './context.ts';
import { EngineError } from './errors.ts';
import { withManifest } from './manifests.ts';
import { isRejection, refusing } from './refusals.ts';
import type { Buckets } from './types.ts';

/** Buckets and their configuration documents. */
export function createBuckets(context: EngineContext): Buckets {
  const { index } = context;
  const turns = new Turns<string>();
  const set = (bucket: Bucket, kind: string, document: string | null): Promise<void> =>
    refusing({ bucket: bucket.name }, () =>
      index.submit({ type: 'set-bucket-config', bucketId: bucket.id, kind, document }),
    );
  const get = (bucket: Bucket, kind: string): Promise<string | undefined> =>
    refusing({ bucket: bucket.name }, () => index.getBucketConfig(bucket.id, kind));
  return {
    create: (request) => createBucket(context, request),
    get: (name) => refusing({ bucket: name }, () => getBucket(context, name)),
    list: (query) => refusing({}, () => index.listBuckets(query)),
    delete: (bucket) =>
      refusing({ bucket: bucket.name }, () => index.submit({ type: 'delete-bucket', bucketId: bucket.id })),
    setVersioning: (bucket, versioning) =>
      refusing({ bucket: bucket.name }, () =>
        index.submit({ type: 'set-versioning', bucketId: bucket.id, versioning }),
      ),
    setConfig: (bucket, kind, document) => turns.take(`${bucket.id} ${kind}`, () => set(bucket, kind, document)),
    getConfig: get,
    changeConfig: (bucket, kind, decide) =>
      turns.take(`${bucket.id} ${kind}`, async () => set(bucket, kind, decide(await get(bucket, kind)))),
  };
}

async function getBucket({ index }: EngineContext, name: string): Promise<Bucket> {
  const bucket = await index.getBucket(name);
  if (bucket === undefined) throw new EngineError('NoSuchBucket', `there is no bucket ${name}`, { bucket: name });
  return bucket;
}

async function createBucket(context: EngineContext, request: Parameters<Buckets['create']>[0]): Promise<Bucket> {
  const { index, clock } = context;
  const { name, region, owner, configs } = request;
  const createdMs = clock.nowMs();
  const versioned = configs?.[objectLockKind] === undefined ? {} : { versioning: 'Enabled' as const };
  const manifest = { v: 1, kind: 'bucket', name, region, owner, createdMs, configs: configs ?? {} } as const;
  return refusing({ bucket: name }, async () => {
    try {
      const { bucketId } = await withManifest(context, manifest, (held) =>
        index.submit({
          type: 'create-bucket',
          ...{ name, region, owner, createdMs },
          ...held,
          ...(configs !== undefined && { configs }),
          ...versioned,
        }),
      );
      return { id: bucketId, name, region, owner, createdMs, versioning: 'Unversioned', ...versioned };
    } catch (error) {
      if (!isRejection(error, 'BucketExists')) throw error;
      const existing = await index.getBucket(name);
      if (existing?.owner !== owner) throw error;
      throw new EngineError('BucketAlreadyOwnedByYou', `${owner} owns ${name} already`, { bucket: name });
    }
  });
}
