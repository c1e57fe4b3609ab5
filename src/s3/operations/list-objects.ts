/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html */
import { restoreStatusOf } from '../archived-objects.ts';
import { listingEncoder } from '../listing-encoding.ts';
import { nextPosition, pageElements, readObjectPage } from '../object-listing.ts';
import { operation } from '../operation.ts';
import { pageLimit } from '../page-limits.ts';

export const listObjects = operation({
  name: 'ListObjects',
  supports: ['Delimiter', 'EncodingType', 'Marker', 'MaxKeys', 'OptionalObjectAttributes', 'Prefix'],
  async run(request, input) {
    const { Delimiter: delimiter, Marker: marker = '', Prefix: prefix = '', EncodingType } = input;
    const encode = listingEncoder(EncodingType);
    const limit = pageLimit(input.MaxKeys);
    const page = await readObjectPage(request, { prefix, delimiter, after: marker, limit });
    const next = nextPosition(page);
    return {
      output: {
        Name: request.bucket().name,
        // Of this version the model says that keys are encoded, not the prefix, and clients do not decode it.
        Prefix: prefix,
        Marker: encode(marker),
        MaxKeys: limit,
        EncodingType,
        IsTruncated: page.isTruncated,
        ...(delimiter !== undefined && { Delimiter: encode(delimiter) }),
        // Without a delimiter, clients go on after the last key, as they always had to.
        ...(delimiter !== undefined && next !== undefined && { NextMarker: encode(next) }),
        ...pageElements(page, {
          encode,
          nameOf: request.nameOf,
          restoreStatusOf: restoreStatusOf(request, input),
        }),
      },
    };
  },
});
