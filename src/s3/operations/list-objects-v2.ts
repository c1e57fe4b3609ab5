/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
import { restoreStatusOf } from '../archived-objects.ts';
import { decodeToken, encodeToken } from '../continuation-token.ts';
import { listingEncoder } from '../listing-encoding.ts';
import { nextPosition, pageElements, readObjectPage } from '../object-listing.ts';
import { operation } from '../operation.ts';
import { pageLimit } from '../page-limits.ts';

export const listObjectsV2 = operation({
  name: 'ListObjectsV2',
  supports: [
    'ContinuationToken',
    'Delimiter',
    'EncodingType',
    'FetchOwner',
    'MaxKeys',
    'OptionalObjectAttributes',
    'Prefix',
    'StartAfter',
  ],
  async run(request, input) {
    const { ContinuationToken, Delimiter: delimiter, EncodingType, Prefix: prefix = '', StartAfter } = input;
    const encode = listingEncoder(EncodingType);
    const limit = pageLimit(input.MaxKeys);
    // An empty token is no token: several clients send one with the first request.
    const after = ContinuationToken ? decodeToken('objects', ContinuationToken) : (StartAfter ?? '');
    const page = await readObjectPage(request, { prefix, delimiter, after, limit });
    const next = nextPosition(page);
    return {
      output: {
        Name: request.bucket().name,
        Prefix: encode(prefix),
        MaxKeys: limit,
        KeyCount: page.entries.length,
        EncodingType,
        IsTruncated: page.isTruncated,
        ContinuationToken,
        ...(next !== undefined && { NextContinuationToken: encodeToken('objects', next) }),
        ...(StartAfter !== undefined && { StartAfter: encode(StartAfter) }),
        ...(delimiter !== undefined && { Delimiter: encode(delimiter) }),
        ...pageElements(page, {
          encode,
          nameOf: input.FetchOwner ? request.nameOf : undefined,
          restoreStatusOf: restoreStatusOf(request, input),
        }),
      },
    };
  },
});
