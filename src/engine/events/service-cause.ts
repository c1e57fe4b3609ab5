/** Who makes a change that the service makes by itself: by rule, by schedule. */
import { newHostId, newRequestId } from '../../lib/ids.ts';
import type { EventCause } from '../../meta/records.ts';

/** As AWS's events name it. */
export const serviceRequester = 's3.amazonaws.com';

/** The cause. Each has ids of its own, as a request has. */
export function serviceCause(): EventCause {
  return {
    requestId: newRequestId(),
    hostId: newHostId(),
    requester: serviceRequester,
    sourceAddress: serviceRequester,
  };
}
