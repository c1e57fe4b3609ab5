/** Who there is, as the index keeps it: documents whose meaning is the IAM layer's. */
import type { EngineContext } from './context.ts';
import { isRejection, refusing } from './refusals.ts';
import type { Identities } from './types.ts';

export function createIdentities({ index }: EngineContext): Identities {
  return {
    read: () => refusing({}, () => index.getIdentities()),
    change: ({ revision, changes }) =>
      refusing({}, async () => {
        try {
          await index.submit({ type: 'set-identities', revision, changes });
          return 'changed';
        } catch (error) {
          if (isRejection(error, 'StaleIdentities')) return 'stale';
          throw error;
        }
      }),
  };
}
