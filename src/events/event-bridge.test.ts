import { describe, expect, test } from 'vitest';
import { serviceCause } from '../engine/events/service-cause.ts';
import type { ObjectEvent } from '../engine/types.ts';
import { busEvent } from './event-bridge.ts';
import { eventRecord } from './record.ts';

const cause = { requestId: 'R', hostId: 'H', requester: 'AWS:111111111111', sourceAddress: '192.0.2.1' };
const put: ObjectEvent = {
  ...{ event: 'ObjectCreated:Put', rule: 'r', atMs: 0, ...cause, sequencer: '0A' },
  ...{ bucket: 'b', region: 'us-east-1', owner: 'canonical', key: 'k', size: 1, etag: 'e', versionId: 'v' },
};
const detailOf = (event: ObjectEvent) => (busEvent(event, '222222222222') as { readonly detail: object }).detail;

describe('on the bus', () => {
  test('asked for by a root account → its number, and from where; the account of the envelope is the owner’s', () => {
    expect(busEvent(put, '222222222222')).toMatchObject({
      account: '222222222222',
      detail: { requester: '111111111111', 'source-ip-address': '192.0.2.1' },
    });
  });

  test('asked for by a user → the number of the account, where the record has the principal', () => {
    const event = { ...put, requester: 'AWS:AIDAEXAMPLE', account: '333333333333' };
    expect(detailOf(event)).toMatchObject({ requester: '333333333333' });
    expect(eventRecord(event).userIdentity).toEqual({ principalId: 'AWS:AIDAEXAMPLE' });
  });

  test('done by S3 itself → no address', () => {
    const event = { ...put, ...serviceCause(), event: 'LifecycleExpiration:Delete' };
    expect(detailOf(event)).toMatchObject({ requester: 's3.amazonaws.com', reason: 'Lifecycle Expiration' });
    expect(detailOf(event)).not.toHaveProperty('source-ip-address');
  });
});

test.for(['ObjectRemoved:DeleteMarkerCreated', 'LifecycleExpiration:DeleteMarkerCreated'])(
  '%s → the ETag of an empty object, in both forms',
  (event) => {
    const { size: _, etag: __, ...marker } = { ...put, event };
    const etag = 'd41d8cd98f00b204e9800998ecf8427e';
    expect(eventRecord(marker).s3.object).toMatchObject({ eTag: etag, versionId: 'v' });
    expect(detailOf(marker)).toMatchObject({ object: { etag, 'version-id': 'v' } });
    const removed = eventRecord({ ...marker, event: event.replace('MarkerCreated', '') });
    expect(removed.s3.object).not.toHaveProperty('eTag');
  },
);
