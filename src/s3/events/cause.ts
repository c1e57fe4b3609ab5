/** Who makes a change, as events name it. */
import type { EventCause } from '../../engine/types.ts';
import type { Identity } from '../../iam/identity.ts';

/** What a request says of itself to those who are told of its changes. */
export function causeOf(
  { requestId, hostId }: Pick<EventCause, 'requestId' | 'hostId'>,
  { identity, sourceIp = '' }: { readonly identity: Identity; readonly sourceIp: string | undefined },
): EventCause {
  if (identity.kind === 'anonymous') return { requestId, hostId, requester: 'Anonymous', sourceAddress: sourceIp };
  const { userId, accountId } = identity;
  return {
    ...{ requestId, hostId, requester: `AWS:${userId}`, sourceAddress: sourceIp },
    ...(userId !== accountId && { account: accountId }),
  };
}
