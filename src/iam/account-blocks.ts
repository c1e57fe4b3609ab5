/** The public access blocks of accounts, kept with who is in them. */
import type { Directory } from './directory.ts';
import type { PublicAccessBlockRecord } from './records.ts';

/** An account has one. */
const onlyName = 'account';

export class AccountBlocks {
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /** By the account's canonical id; the same value as long as nobody changes it. */
  of(canonicalId: string): PublicAccessBlockRecord | undefined {
    return this.#directory.record(canonicalId, 'public-access-block', onlyName);
  }

  /** Replaces or removes it. Resolves once that is durable. */
  async put(accountId: string, block: PublicAccessBlockRecord | undefined): Promise<void> {
    await this.#directory.change(accountId, ({ publicAccessBlocks }) => {
      if (block === undefined) publicAccessBlocks.remove(onlyName);
      else publicAccessBlocks.put(onlyName, block);
    });
  }
}
