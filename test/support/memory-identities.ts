import { EngineError } from '../../src/engine/errors.ts';
import type { Identities, IdentityDocument } from '../../src/engine/types.ts';

export interface MemoryIdentities extends Identities {
  /** Makes the next change fail though it was made, as a commit may. */
  fail: boolean;
}

/** What the index does of identities, in memory. */
export function memoryIdentities(): MemoryIdentities {
  const documents = new Map<string, IdentityDocument>();
  let revision = 0;
  return {
    fail: false,
    async read() {
      return { revision, documents: [...documents.values()] };
    },
    async change(request) {
      if (request.revision !== revision) return 'stale';
      revision += 1;
      for (const { document, ...name } of request.changes) {
        const key = JSON.stringify(name);
        if (document === null) documents.delete(key);
        else documents.set(key, { ...name, document });
      }
      if (!this.fail) return 'changed';
      this.fail = false;
      throw new EngineError('ServiceUnavailable', 'lost', {});
    },
  };
}
