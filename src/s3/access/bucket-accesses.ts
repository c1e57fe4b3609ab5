/** What buckets say on access, with what the public access block of their account forbids over that. */
import { type BucketAccess, type PublicAccessBlock, stricterBlock } from '../../engine/access.ts';
import { knownBucketAccess, readBucketAccess } from '../../engine/access-documents.ts';
import type { Bucket, Buckets } from '../../engine/types.ts';

/** The public access blocks of accounts. */
export interface AccountBlocks {
  /** By the account's canonical id; undefined for one that has none. */
  of(canonicalId: string): PublicAccessBlock | undefined;
  /** Replaces or removes it, durably. */
  put(accountId: string, block: PublicAccessBlock | undefined): Promise<void>;
}

interface Limited {
  readonly block: PublicAccessBlock;
  readonly access: BucketAccess;
}

export class BucketAccesses {
  readonly #buckets: Buckets;
  readonly #blocks: Pick<AccountBlocks, 'of'>;
  /** By the bucket's own, so that what is compiled for an access is found again by its value. */
  readonly #limited = new WeakMap<BucketAccess, Limited>();

  constructor(buckets: Buckets, blocks: Pick<AccountBlocks, 'of'>) {
    this.#buckets = buckets;
    this.#blocks = blocks;
  }

  async read(bucket: Bucket): Promise<BucketAccess> {
    return this.known(bucket) ?? this.#limit(await readBucketAccess(this.#buckets, bucket));
  }

  /** What was read of late; undefined where it is to be read first. */
  known(bucket: Bucket): BucketAccess | undefined {
    const own = knownBucketAccess(bucket);
    return own && this.#limit(own);
  }

  #limit(own: BucketAccess): BucketAccess {
    const block = this.#blocks.of(own.owner);
    if (block === undefined) return own;
    const known = this.#limited.get(own);
    if (known?.block === block) return known.access;
    const access = { ...own, block: stricterBlock(own.block, block) };
    this.#limited.set(own, { block, access });
    return access;
  }
}
