/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
import type { Bucket } from '../../engine/types.ts';
import { decodeToken, encodeToken } from '../continuation-token.ts';
import { type OperationRequest, operation } from '../operation.ts';
import { ownerElement } from '../owners.ts';
import { shownTime } from '../times.ts';

const bucketsMax = 10_000;

export const listBuckets = operation({
  name: 'ListBuckets',
  supports: ['BucketRegion', 'ContinuationToken', 'MaxBuckets', 'Prefix'],
  async run(request, input) {
    const { BucketRegion, ContinuationToken, MaxBuckets = bucketsMax, Prefix } = input;
    const after = ContinuationToken ? decodeToken('buckets', ContinuationToken) : '';
    const { buckets, next } = await readPage(request, {
      prefix: Prefix ?? '',
      after,
      limit: MaxBuckets,
      region: BucketRegion,
    });
    return {
      output: {
        Buckets: buckets.map(({ name, createdMs, region }) => ({
          Name: name,
          CreationDate: shownTime(createdMs),
          BucketRegion: region,
        })),
        Owner: ownerElement(request.nameOf, request.identity.canonicalId),
        Prefix,
        ContinuationToken: next === undefined ? undefined : encodeToken('buckets', next),
      },
    };
  },
});

interface PageQuery {
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
  readonly region: string | undefined;
}

/** A page of the caller's buckets in one region, or in any; `next` is where the next page goes on, if there is one. */
async function readPage(
  { engine, identity }: OperationRequest,
  { prefix, after, limit, region }: PageQuery,
): Promise<{ buckets: Bucket[]; next: string | undefined }> {
  const buckets: Bucket[] = [];
  let position = after;
  for (;;) {
    const query = { owner: identity.canonicalId, prefix, after: position, limit: limit - buckets.length };
    const page = await engine.buckets.list(query);
    buckets.push(...page.buckets.filter((bucket) => region === undefined || bucket.region === region));
    position = page.buckets.at(-1)?.name ?? position;
    if (!page.isTruncated) return { buckets, next: undefined };
    if (buckets.length === limit) return { buckets, next: position };
  }
}
