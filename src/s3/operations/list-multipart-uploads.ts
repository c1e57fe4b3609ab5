/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
import type { Upload, UploadPage } from '../../engine/types.ts';
import { storedAlgorithm } from '../checksum-members.ts';
import { listingEncoder } from '../listing-encoding.ts';
import type { OutputOf } from '../model/types.ts';
import { operation } from '../operation.ts';
import { type NameOf, ownerElement } from '../owners.ts';
import { pageLimit } from '../page-limits.ts';
import { listedClass } from '../storage-classes.ts';
import { shownTime } from '../times.ts';

type UploadElement = NonNullable<OutputOf<'ListMultipartUploads'>['Uploads']>[number];

const emptyPage: UploadPage = { entries: [], isTruncated: false };

export const listMultipartUploads = operation({
  name: 'ListMultipartUploads',
  supports: ['Delimiter', 'EncodingType', 'KeyMarker', 'MaxUploads', 'Prefix', 'UploadIdMarker'],
  async run(request, input) {
    const { Delimiter: delimiter, EncodingType, KeyMarker = '', Prefix: prefix = '', UploadIdMarker = '' } = input;
    const encode = listingEncoder(EncodingType);
    const limit = pageLimit(input.MaxUploads);
    const bucket = request.bucket();
    // An upload id marker without a key marker is ignored, as S3 documents it.
    const afterUploadId = KeyMarker === '' ? '' : UploadIdMarker;
    const query = { prefix, delimiter: delimiter ?? '', after: KeyMarker, afterUploadId, limit };
    const page = limit === 0 ? emptyPage : await request.engine.uploads.list(bucket, query);
    return {
      output: {
        Bucket: bucket.name,
        KeyMarker: encode(KeyMarker),
        UploadIdMarker,
        Prefix: encode(prefix),
        MaxUploads: limit,
        EncodingType,
        IsTruncated: page.isTruncated,
        ...(delimiter !== undefined && { Delimiter: encode(delimiter) }),
        ...nextMarkers(page, encode),
        Uploads: page.entries.flatMap((entry) =>
          entry.kind === 'upload' ? [uploadElement(entry.upload, request.nameOf, encode)] : [],
        ),
        CommonPrefixes: page.entries.flatMap((entry) =>
          entry.kind === 'prefix' ? [{ Prefix: encode(entry.prefix) }] : [],
        ),
      },
    };
  },
});

function nextMarkers(
  page: UploadPage,
  encode: (text: string) => string,
): { NextKeyMarker?: string; NextUploadIdMarker?: string } {
  const last = page.entries.at(-1);
  if (!page.isTruncated || last === undefined) return {};
  if (last.kind === 'prefix') return { NextKeyMarker: encode(last.prefix) };
  return { NextKeyMarker: encode(last.upload.key), NextUploadIdMarker: last.upload.uploadId };
}

function uploadElement(upload: Upload, nameOf: NameOf, encode: (text: string) => string): UploadElement {
  const owner = ownerElement(nameOf, upload.attributes.owner);
  return {
    UploadId: upload.uploadId,
    Key: encode(upload.key),
    Initiated: shownTime(upload.initiatedMs),
    StorageClass: listedClass(upload.attributes.storageClass),
    Owner: owner,
    Initiator: owner,
    ChecksumAlgorithm: storedAlgorithm(upload.checksumAlgorithm),
    ChecksumType: upload.checksumType,
  };
}
