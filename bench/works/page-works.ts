/** Pages of ListObjectsV2 in a bucket of 1,000 keys and in one of 1,000,000: a page should not notice how many there are. */

import type { RequestSet } from '../load/messages.ts';
import { canonicalQuery } from '../load/signed-head.ts';
import type { Site, Work } from '../work.ts';
import { loadWork } from './load-work.ts';
import { siteMeter } from './meters.ts';
import { directories, keyOf, millionBucket } from './million-keys.ts';

/** Pages at this many places are asked for in turn. */
const places = 64;

interface Listing {
  readonly name: string;
  readonly title: string;
  readonly delimiter?: string;
}

const plain: Listing = { name: 'plain', title: 'plain' };
/** A directory of the large bucket hides a thousand keys, one of the small bucket a single one. */
const byDirectory: Listing = { name: 'directories', title: 'directories', delimiter: '/' };
/** Every key of either bucket is a common prefix. */
const byName: Listing = { name: 'prefixes', title: 'all prefixes', delimiter: '.' };

function pages(bucket: string, { delimiter }: Listing, starts: readonly string[]): RequestSet {
  const targets = starts.map((start) => {
    const query = canonicalQuery({
      'list-type': '2',
      ...(delimiter !== undefined && { delimiter }),
      ...(start !== '' && { 'start-after': start }),
    });
    return `/${bucket}?${query}`;
  });
  return { method: 'GET', targets, bodyBytes: 0, isBodySigned: true };
}

/** The whole of the small bucket, always. */
function smallPages(bucket: string, listing: Listing): RequestSet {
  return pages(bucket, listing, ['']);
}

function millionPages(listing: Listing): RequestSet {
  // A page of directories is the whole bucket, wherever it is asked from; the others begin all over it.
  const starts = Array.from({ length: places }, (_, i) => keyOf(Math.floor((i * 990_000) / places)));
  return pages(millionBucket, listing, listing.delimiter === '/' ? [''] : starts);
}

/** One key in each directory, so that both buckets have pages of the same length. */
async function fillSmall(site: Site): Promise<void> {
  const targets = Array.from({ length: directories }, (_, i) => `/${site.bucket}/${keyOf(i * 1000)}`);
  const set = { method: 'PUT', targets, bodyBytes: 0, isBodySigned: true } as const;
  site.willWrite(set);
  await site.fill(set, 8);
}

function atThousand(listing: Listing): Work {
  return loadWork({
    name: `list-1k-${listing.name}`,
    title: `List page, 1,000 keys, ${listing.title}`,
    stage: 'pages',
    connections: 1,
    unit: 'per s',
    requestBytes: 0,
    requests: (bucket) => smallPages(bucket, listing),
    prepare: fillSmall,
  });
}

function atMillion(listing: Listing): Work {
  return loadWork({
    name: `list-1m-${listing.name}`,
    title: `List page, 1,000,000 keys, ${listing.title}`,
    stage: 'pages',
    connections: 1,
    unit: 'per s',
    requestBytes: 0,
    aim: { ratio: 1.3, isMost: true },
    ownServerBecause: 'its 1,000,000 keys are put into the index itself',
    requests: () => millionPages(listing),
    prepare: fillSmall,
    limit: (bench, site) =>
      siteMeter(bench, site, { set: smallPages(site.bucket, listing), what: 'the same at 1,000 keys' }),
  });
}

export const pageWorks: readonly Work[] = [
  atThousand(plain),
  atMillion(plain),
  atThousand(byDirectory),
  atMillion(byDirectory),
  atMillion(byName),
];
