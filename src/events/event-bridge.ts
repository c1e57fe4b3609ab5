/**
 * An event as AWS puts it on EventBridge's bus.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
import { serviceRequester } from '../engine/events/service-cause.ts';
import type { ObjectEvent } from '../engine/types.ts';
import { shownEtag } from './record.ts';

/** By the beginning of the event's name: what the bus calls it, and why it happened where it says so. */
const details: readonly (readonly [name: string, type: string, extra: Readonly<Record<string, string>>])[] = [
  ['ObjectCreated:Put', 'Object Created', { reason: 'PutObject' }],
  ['ObjectCreated:Post', 'Object Created', { reason: 'POST Object' }],
  ['ObjectCreated:Copy', 'Object Created', { reason: 'CopyObject' }],
  ['ObjectCreated:CompleteMultipartUpload', 'Object Created', { reason: 'CompleteMultipartUpload' }],
  [
    'ObjectRemoved:DeleteMarkerCreated',
    'Object Deleted',
    { reason: 'DeleteObject', 'deletion-type': 'Delete Marker Created' },
  ],
  ['ObjectRemoved:Delete', 'Object Deleted', { reason: 'DeleteObject', 'deletion-type': 'Permanently Deleted' }],
  [
    'LifecycleExpiration:DeleteMarkerCreated',
    'Object Deleted',
    { reason: 'Lifecycle Expiration', 'deletion-type': 'Delete Marker Created' },
  ],
  [
    'LifecycleExpiration:Delete',
    'Object Deleted',
    { reason: 'Lifecycle Expiration', 'deletion-type': 'Permanently Deleted' },
  ],
  ['ObjectTagging:Put', 'Object Tags Added', {}],
  ['ObjectTagging:Delete', 'Object Tags Deleted', {}],
  ['ObjectAcl:Put', 'Object ACL Updated', {}],
  ['ObjectRestore:Post', 'Object Restore Initiated', {}],
  ['ObjectRestore:Completed', 'Object Restore Completed', {}],
  ['ObjectRestore:Delete', 'Object Restore Expired', {}],
  ['LifecycleTransition', 'Object Storage Class Changed', {}],
  ['IntelligentTiering', 'Object Access Tier Changed', {}],
];

/** The whole envelope, as a target of a rule of EventBridge gets it; `ownerId` is the number of the account that owns the bucket. */
export function busEvent(event: ObjectEvent, ownerId: string): unknown {
  const { event: name, bucket, key, size, versionId, sequencer, requestId } = event;
  const etag = shownEtag(event);
  const [, type, extra] = details.find(([begins]) => name === begins) ?? ['', name, {}];
  return {
    version: '0',
    id: idOf(sequencer),
    'detail-type': type,
    source: 'aws.s3',
    account: ownerId,
    time: withoutMilliseconds(event.atMs),
    region: event.region,
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      'event-version': '1.1',
      bucket: { name: bucket },
      object: {
        key,
        ...(size !== undefined && { size }),
        ...(etag !== undefined && { etag }),
        ...(versionId !== 'null' && { 'version-id': versionId }),
        sequencer,
      },
      'request-id': requestId,
      ...askedBy(event),
      ...extra,
      ...furtherDetail(event),
    },
  };
}

/** The account that asked, and from where; of what S3 does by itself only that. */
function askedBy({ requester, account, sourceAddress }: ObjectEvent): Readonly<Record<string, string>> {
  if (requester === serviceRequester) return { requester };
  return { requester: account ?? requester.replace(/^AWS:/, ''), 'source-ip-address': sourceAddress };
}

/** What only some types of events say. */
function furtherDetail(told: ObjectEvent): Readonly<Record<string, string>> {
  const { event, storageClass, restoredUntilMs, accessTier } = told;
  if (accessTier !== undefined) return { 'destination-access-tier': accessTier };
  if (storageClass === undefined || event === 'ObjectRestore:Delete') return {};
  if (event === 'LifecycleTransition') return { 'destination-storage-class': storageClass };
  return {
    ...(restoredUntilMs !== undefined && { 'restore-expiry-time': withoutMilliseconds(restoredUntilMs) }),
    'source-storage-class': storageClass,
  };
}

function withoutMilliseconds(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, -'.000Z'.length)}Z`;
}

/** An event that is sent again keeps its id, so that who receives it can tell. */
function idOf(sequencer: string): string {
  const digits = sequencer.toLowerCase().padStart(32, '0');
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    '-',
  );
}
