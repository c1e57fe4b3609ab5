/** Access logs, for those who write lines and for the job that delivers them. */
import type { Bucket, LogGroup, ObjectAttributes } from '../../meta/records.ts';
import type { LoggingConfiguration } from './configuration.ts';
import type { LogLine } from './line.ts';

/** A log object, before it is written. */
export interface LogDelivery {
  readonly source: Bucket;
  readonly configuration: LoggingConfiguration;
  readonly key: string;
}

/** Where a log object is written, and whose it is there. */
export interface LogPlace {
  readonly bucket: Bucket;
  readonly standing: Pick<ObjectAttributes, 'owner' | 'acl'>;
}

export interface DeliverOptions {
  readonly nowMs: number;
  /** Throws DeliveryRefused where the log may not be written. */
  readonly place: (delivery: LogDelivery) => Promise<LogPlace>;
  /** The account id of an owner's canonical id. */
  readonly accountOf: (canonicalId: string) => string | undefined;
  /** About how large a log object is, at most. */
  readonly objectBytesMax: number;
}

export interface AccessLogs {
  /** Whether the requests of any bucket may be logged. */
  readonly isOn: boolean;
  /** Lines that found no place since the start. */
  readonly lost: number;
  /** Learns what there is; to be called once, first. */
  open(): Promise<void>;
  /** Replaces or removes the configuration of a bucket, which the caller has checked. */
  configure(bucket: Bucket, configuration: LoggingConfiguration | undefined): Promise<void>;
  /** Writes a line, if the bucket's requests are logged. Costs no more than memory, and is never waited for. */
  note(bucket: Bucket, line: LogLine): void;
  /** Resolves once all lines that were noted before are kept, or have found no place again. */
  flush(): Promise<void>;
  /** What waits for its delivery, by bucket and day. */
  groups(): Promise<readonly LogGroup[]>;
  /** Writes one log object of the oldest lines of a group, and forgets these; it may happen again if the process ends in between. */
  deliver(group: LogGroup, options: DeliverOptions): Promise<{ readonly lines: number; readonly source: string }>;
  /** Forgets the lines of a group, as nobody takes them. */
  giveUp(group: LogGroup): Promise<{ readonly lines: number }>;
  /** Keeps what was noted; nothing may be noted after it. */
  close(): Promise<void>;
}
