/**
 * What is learnt of a request while it is served, for the lines that access logs have of it. There are notes only while some
 * bucket's requests are logged.
 */
import type { Bucket } from '../../engine/types.ts';
import type { Authentication } from '../auth/types.ts';
import type { Arrival } from '../door/arrival.ts';

/** What S3 did for a request beside what it is called: each has a line of its own. */
export interface FurtherLine {
  readonly operation: 'BATCH.DELETE.OBJECT' | 'REST.COPY.OBJECT_GET' | 'REST.COPY.PART_GET';
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId: string | undefined;
  readonly status: number;
  readonly errorCode?: string;
  readonly objectSize?: number | undefined;
}

export class RequestNotes {
  arrival: Arrival | undefined;
  authentication: Authentication | undefined;
  bucket: Bucket | undefined;
  /** Of the object that was read, written or removed, in bytes. */
  objectSize: number | undefined;
  /** An access control list was needed to allow it. */
  aclRequired = false;
  readonly further: FurtherLine[] = [];
}
