/** Keeps when keys were used last: noted in memory with every request, and written down now and then. */
import type { Iam } from './iam.ts';
import type { KeyUse } from './records.ts';

/** A use that is noted less than this after the one that is kept is not worth a change. */
const precisionMs = 15 * 60 * 1000;

/** Writes down the uses noted since the last call; returns of how many keys. Throws EngineError if that fails. */
export async function saveKeyUses({ directory, callers }: Pick<Iam, 'directory' | 'callers'>): Promise<number> {
  const byAccount = new Map<string, Map<string, KeyUse>>();
  for (const [id, use] of callers.takeUses()) {
    const found = directory.accessKey(id);
    if (found === undefined || use.atMs - (found.record.lastUse?.atMs ?? 0) < precisionMs) continue;
    const uses = byAccount.get(found.accountId) ?? new Map();
    byAccount.set(found.accountId, uses.set(id, use));
  }
  let saved = 0;
  for (const [accountId, uses] of byAccount) {
    await directory.change(accountId, ({ accessKeys }) => {
      for (const [id, lastUse] of uses) {
        const record = accessKeys.get(id);
        if (record !== undefined) accessKeys.put(id, { ...record, lastUse });
      }
    });
    saved += uses.size;
  }
  return saved;
}
