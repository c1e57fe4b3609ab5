/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html */
import type { OutputOf } from '../model/types.ts';
import { operation } from '../operation.ts';
import { unnamedRegion } from '../regions.ts';

type Location = OutputOf<'GetBucketLocation'>['LocationConstraint'];

export const getBucketLocation = operation({
  name: 'GetBucketLocation',
  supports: [],
  async run(request) {
    const { region } = request.bucket();
    // Regions are whatever the server is configured to be in, not only those the model lists.
    return { output: { LocationConstraint: region === unnamedRegion ? undefined : (region as Location) } };
  },
});
