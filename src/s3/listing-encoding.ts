/**
 * `encoding-type=url`: keys in listings, percent-encoded so that XML can carry any of them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
import { encodeListed } from '../lib/key-encoding.ts';

/** How a listing shows keys: encoded if the client asked for it. */
export function listingEncoder(encodingType: 'url' | undefined): (text: string) => string {
  return encodingType === undefined ? (text) => text : encodeListed;
}
