/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
import type { ObjectPage, Version } from '../../engine/types.ts';
import { restoreStatusOf } from '../archived-objects.ts';
import { listedChecksum } from '../checksum-members.ts';
import { quoteEtag } from '../conditions.ts';
import { S3Error } from '../errors.ts';
import { listingEncoder } from '../listing-encoding.ts';
import type { OutputOf } from '../model/types.ts';
import { checkVersionId } from '../object-address.ts';
import { operation } from '../operation.ts';
import { type NameOf, ownerElement } from '../owners.ts';
import { pageLimit } from '../page-limits.ts';
import { listedClass } from '../storage-classes.ts';
import { shownTime } from '../times.ts';

type VersionElement = NonNullable<OutputOf<'ListObjectVersions'>['Versions']>[number];
type MarkerElement = NonNullable<OutputOf<'ListObjectVersions'>['DeleteMarkers']>[number];

const emptyPage: ObjectPage = { entries: [], isTruncated: false };

export const listObjectVersions = operation({
  name: 'ListObjectVersions',
  supports: [
    'Delimiter',
    'EncodingType',
    'KeyMarker',
    'MaxKeys',
    'OptionalObjectAttributes',
    'Prefix',
    'VersionIdMarker',
  ],
  async run(request, input) {
    const { Delimiter: delimiter, EncodingType, KeyMarker = '', Prefix: prefix = '', VersionIdMarker = '' } = input;
    checkMarkers({ KeyMarker, VersionIdMarker });
    const encode = listingEncoder(EncodingType);
    const limit = pageLimit(input.MaxKeys);
    const statusOf = restoreStatusOf(request, input);
    const bucket = request.bucket();
    const query = { prefix, delimiter: delimiter ?? '', after: KeyMarker, afterVersionId: VersionIdMarker, limit };
    const page = limit === 0 ? emptyPage : await request.engine.listing.versions(bucket, query);
    const versions = page.entries.flatMap((entry) => (entry.kind === 'version' ? [entry.version] : []));
    return {
      order: versions.map(({ isDeleteMarker }) => (isDeleteMarker ? 'DeleteMarkers' : 'Versions')),
      output: {
        Name: bucket.name,
        Prefix: encode(prefix),
        KeyMarker: encode(KeyMarker),
        VersionIdMarker,
        MaxKeys: limit,
        EncodingType,
        IsTruncated: page.isTruncated,
        ...(delimiter !== undefined && { Delimiter: encode(delimiter) }),
        ...nextMarkers(page, encode),
        Versions: versions
          .filter(({ isDeleteMarker }) => !isDeleteMarker)
          .map((version) => ({ ...versionElement(version, request.nameOf, encode), ...statusOf(version) })),
        DeleteMarkers: versions
          .filter(({ isDeleteMarker }) => isDeleteMarker)
          .map((version) => markerElement(version, request.nameOf, encode)),
        CommonPrefixes: page.entries.flatMap((entry) =>
          entry.kind === 'prefix' ? [{ Prefix: encode(entry.prefix) }] : [],
        ),
      },
    };
  },
});

function checkMarkers({ KeyMarker, VersionIdMarker }: { KeyMarker: string; VersionIdMarker: string }): void {
  if (VersionIdMarker === '') return;
  checkVersionId(VersionIdMarker, { argument: 'version-id-marker' });
  if (KeyMarker !== '') return;
  throw new S3Error('InvalidArgument', {
    message: 'A version-id marker cannot be specified without a key marker.',
    fields: { ArgumentName: 'version-id-marker', ArgumentValue: VersionIdMarker },
  });
}

function nextMarkers(
  page: ObjectPage,
  encode: (text: string) => string,
): { NextKeyMarker?: string; NextVersionIdMarker?: string } {
  const last = page.entries.at(-1);
  if (!page.isTruncated || last === undefined) return {};
  if (last.kind === 'prefix') return { NextKeyMarker: encode(last.prefix) };
  return { NextKeyMarker: encode(last.version.key), NextVersionIdMarker: last.version.versionId };
}

function markerElement(version: Version, nameOf: NameOf, encode: (text: string) => string): MarkerElement {
  return {
    Key: encode(version.key),
    VersionId: version.versionId,
    IsLatest: version.isLatest,
    LastModified: shownTime(version.lastModifiedMs),
    Owner: ownerElement(nameOf, version.attributes.owner),
  };
}

function versionElement(version: Version, nameOf: NameOf, encode: (text: string) => string): VersionElement {
  return {
    ...markerElement(version, nameOf, encode),
    ETag: quoteEtag(version.etag),
    ...listedChecksum(version.checksum),
    Size: version.size,
    // The model names STANDARD only, but S3 answers every class here.
    StorageClass: listedClass(version.attributes.storageClass) as 'STANDARD',
  };
}
