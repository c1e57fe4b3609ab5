/**
 * An event as AWS's notifications to topics, queues and functions put it.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
import type { ObjectEvent, TestEvent } from '../engine/types.ts';

/** One for events of all kinds since 2.4; until then replication had 2.2, whatever else came later than 2.1 had 2.3. */
const recordVersion = '2.5';

export interface EventRecord {
  readonly eventVersion: typeof recordVersion;
  readonly eventSource: 'aws:s3';
  readonly awsRegion: string;
  readonly eventTime: string;
  readonly eventName: string;
  readonly userIdentity: { readonly principalId: string };
  readonly requestParameters: { readonly sourceIPAddress: string };
  readonly responseElements: { readonly 'x-amz-request-id': string; readonly 'x-amz-id-2': string };
  readonly s3: {
    readonly s3SchemaVersion: '1.0';
    readonly configurationId: string;
    readonly bucket: {
      readonly name: string;
      readonly ownerIdentity: { readonly principalId: string };
      readonly arn: string;
    };
    readonly object: {
      /** Encoded as in a form. */
      readonly key: string;
      readonly size?: number;
      readonly eTag?: string;
      readonly versionId?: string;
      readonly sequencer: string;
      /** Of a copy. */
      readonly hasObjectAnnotation?: boolean;
    };
  };
  /** That was put, or of one that was removed its name. */
  readonly objectAnnotation?: readonly [{ readonly name: string; readonly size?: number; readonly eTag?: string }];
  /** Of a restore that is completed. */
  readonly glacierEventData?: {
    readonly restoreEventData: {
      readonly lifecycleRestorationExpiryTime: string;
      readonly lifecycleRestoreStorageClass: string;
    };
  };
  /** Of a transition. */
  readonly lifecycleEventData?: { readonly transitionEventData: { readonly destinationStorageClass: string } };
  /** Of a move to an archive tier. */
  readonly intelligentTieringEventData?: { readonly destinationAccessTier: string };
  /** Of a change that is replicated. Spans are seconds: AWS does not say what they are with it. */
  readonly replicationEventData?: {
    readonly replicationRuleId: string;
    readonly destinationBucket: string;
    readonly s3Operation: string;
    readonly requestTime: string;
    readonly failureReason?: string;
    readonly threshold?: string;
    readonly replicationTime?: string;
  };
}

export function eventRecord(event: ObjectEvent): EventRecord {
  const { event: eventName, requester, sourceAddress, requestId, hostId, rule, bucket, owner, region, atMs } = event;
  const { key, size, versionId, sequencer, isAnnotated } = event;
  const etag = shownEtag(event);
  return {
    eventVersion: recordVersion,
    eventSource: 'aws:s3',
    awsRegion: region,
    eventTime: new Date(atMs).toISOString(),
    eventName,
    userIdentity: { principalId: requester },
    requestParameters: { sourceIPAddress: sourceAddress },
    responseElements: { 'x-amz-request-id': requestId, 'x-amz-id-2': hostId },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: rule,
      bucket: { name: bucket, ownerIdentity: { principalId: owner }, arn: `arn:aws:s3:::${bucket}` },
      object: {
        key: formEncoded(key),
        ...(size !== undefined && { size }),
        ...(etag !== undefined && { eTag: etag }),
        ...(versionId !== 'null' && { versionId }),
        sequencer,
        ...(isAnnotated !== undefined && { hasObjectAnnotation: isAnnotated }),
      },
    },
    ...furtherData(event),
  };
}

const etagOfNothing = 'd41d8cd98f00b204e9800998ecf8427e';

/** A delete marker, which has none itself, is told with that of an empty object. */
export function shownEtag({ event, etag }: ObjectEvent): string | undefined {
  return etag ?? (event.endsWith(':DeleteMarkerCreated') ? etagOfNothing : undefined);
}

const operations = { version: 'OBJECT_PUT', marker: 'OBJECT_DELETE', attributes: 'OBJECT_PUT_TAGGING' } as const;

function replicationData(
  facts: NonNullable<ObjectEvent['replication']>,
): NonNullable<EventRecord['replicationEventData']> {
  const { rule, destination, kind, requestedMs, failureReason, thresholdMs, tookMs } = facts;
  return {
    ...{ replicationRuleId: rule, destinationBucket: destination, s3Operation: operations[kind] },
    requestTime: new Date(requestedMs).toISOString(),
    ...(failureReason !== undefined && { failureReason }),
    ...(thresholdMs !== undefined && { threshold: String(thresholdMs / 1000) }),
    ...(tookMs !== undefined && { replicationTime: String(tookMs / 1000) }),
  };
}

function annotationData({
  name,
  size,
  etag,
}: NonNullable<ObjectEvent['annotation']>): NonNullable<EventRecord['objectAnnotation']>[0] {
  return { name, ...(size !== undefined && { size }), ...(etag !== undefined && { eTag: etag }) };
}

function furtherData({
  event,
  storageClass = '',
  restoredUntilMs,
  accessTier,
  replication,
  annotation,
}: ObjectEvent): Pick<
  EventRecord,
  | 'objectAnnotation'
  | 'glacierEventData'
  | 'lifecycleEventData'
  | 'intelligentTieringEventData'
  | 'replicationEventData'
> {
  if (annotation !== undefined) return { objectAnnotation: [annotationData(annotation)] };
  if (replication !== undefined) return { replicationEventData: replicationData(replication) };
  if (accessTier !== undefined) return { intelligentTieringEventData: { destinationAccessTier: accessTier } };
  if (event === 'LifecycleTransition') {
    return { lifecycleEventData: { transitionEventData: { destinationStorageClass: storageClass } } };
  }
  if (event !== 'ObjectRestore:Completed' || restoredUntilMs === undefined) return {};
  const lifecycleRestorationExpiryTime = new Date(restoredUntilMs).toISOString();
  return {
    glacierEventData: {
      restoreEventData: { lifecycleRestorationExpiryTime, lifecycleRestoreStorageClass: storageClass },
    },
  };
}

/** What is sent to a topic, a queue or a function. */
export function eventMessage(event: ObjectEvent | TestEvent): unknown {
  if ('key' in event) return { Records: [eventRecord(event)] };
  const { atMs, bucket, requestId, hostId } = event;
  return {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: new Date(atMs).toISOString(),
    Bucket: bucket,
    RequestId: requestId,
    HostId: hostId,
  };
}

/** As AWS encodes keys here: a slash stays, a space is a plus sign. */
function formEncoded(key: string): string {
  return encodeURIComponent(key)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replace(/[!'()~]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}
