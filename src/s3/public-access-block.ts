/** Public access blocks as documents carry them, of buckets and of accounts. */
import type { PublicAccessBlock } from '../engine/access.ts';
import type { InputOf } from './model/types.ts';

type BlockElement = InputOf<'PutPublicAccessBlock'>['PublicAccessBlockConfiguration'];

/** What a document does not say is not blocked. */
export function readBlockElement(element: BlockElement): PublicAccessBlock {
  return {
    blockPublicAcls: element.BlockPublicAcls ?? false,
    ignorePublicAcls: element.IgnorePublicAcls ?? false,
    blockPublicPolicy: element.BlockPublicPolicy ?? false,
    restrictPublicBuckets: element.RestrictPublicBuckets ?? false,
  };
}

export function blockElement(block: PublicAccessBlock): BlockElement {
  return {
    BlockPublicAcls: block.blockPublicAcls,
    IgnorePublicAcls: block.ignorePublicAcls,
    BlockPublicPolicy: block.blockPublicPolicy,
    RestrictPublicBuckets: block.restrictPublicBuckets,
  };
}
