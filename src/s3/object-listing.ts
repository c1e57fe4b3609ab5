/** What ListObjects and ListObjectsV2 share: a page of current versions as elements. */
import type { ObjectPage } from '../engine/types.ts';
import type { RestoreStatusOf } from './archived-objects.ts';
import { listedChecksum } from './checksum-members.ts';
import { quoteEtag } from './conditions.ts';
import type { OutputOf } from './model/types.ts';
import type { OperationRequest } from './operation.ts';
import { type NameOf, ownerElement } from './owners.ts';
import { listedClass } from './storage-classes.ts';
import { shownTime } from './times.ts';

type ListingOutput = OutputOf<'ListObjectsV2'>;
type ObjectElement = NonNullable<ListingOutput['Contents']>[number];
type PrefixElement = NonNullable<ListingOutput['CommonPrefixes']>[number];

/** How a page is shown. */
export interface PageView {
  readonly encode: (text: string) => string;
  /** Names owners; without it they are left out. */
  readonly nameOf: NameOf | undefined;
  readonly restoreStatusOf: RestoreStatusOf;
}

export interface PageQuery {
  readonly prefix: string | undefined;
  readonly delimiter: string | undefined;
  readonly after: string;
  readonly limit: number;
}

const emptyPage: ObjectPage = { entries: [], isTruncated: false };

/** A page of the request's bucket. One of no entries is never truncated, as nothing could go on after it. */
export async function readObjectPage(request: OperationRequest, query: PageQuery): Promise<ObjectPage> {
  const { prefix = '', delimiter = '', after, limit } = query;
  if (limit === 0) return emptyPage;
  return request.engine.listing.objects(request.bucket(), { prefix, delimiter, after, limit });
}

/** Objects and common prefixes of a page as elements. */
export function pageElements(
  page: ObjectPage,
  view: PageView,
): { Contents: ObjectElement[]; CommonPrefixes: PrefixElement[] } {
  const Contents: ObjectElement[] = [];
  const CommonPrefixes: PrefixElement[] = [];
  for (const entry of page.entries) {
    if (entry.kind === 'prefix') {
      CommonPrefixes.push({ Prefix: view.encode(entry.prefix) });
      continue;
    }
    const { attributes, checksum, etag, key, lastModifiedMs, size } = entry.version;
    Contents.push({
      Key: view.encode(key),
      LastModified: shownTime(lastModifiedMs),
      ETag: quoteEtag(etag),
      ...listedChecksum(checksum),
      Size: size,
      StorageClass: listedClass(attributes.storageClass),
      ...view.restoreStatusOf(entry.version),
      ...(view.nameOf !== undefined && { Owner: ownerElement(view.nameOf, attributes.owner) }),
    });
  }
  return { Contents, CommonPrefixes };
}

/** Where the next page goes on: the last key or common prefix of this one. Undefined where there is no next page. */
export function nextPosition(page: ObjectPage): string | undefined {
  const last = page.entries.at(-1);
  if (!page.isTruncated || last === undefined) return undefined;
  return last.kind === 'prefix' ? last.prefix : last.version.key;
}
