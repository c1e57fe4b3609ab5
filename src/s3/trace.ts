/** What the stages of the pipeline have found out of a request so far; also what is told of it when it is over. */
import type { Tag } from '../engine/types.ts';
import type { Identity } from '../iam/identity.ts';
import type { RequestNotes } from './access-log/request-notes.ts';
import type { Target } from './addressing.ts';
import type { S3Error } from './errors.ts';
import type { InputOf, OperationName } from './model/types.ts';

export interface Trace {
  operation?: OperationName | 'PostObject';
  identity?: Identity;
  /** The caller's account pays for the request, or for one of the buckets that it is about. */
  isCharged?: true;
  error?: S3Error;
  accessKeyId?: string;
  sourceAddress?: string | undefined;
  bucketName?: string | undefined;
  target?: Target;
  input?: InputOf<OperationName>;
  /** On the observer's clock, where something is counted or logged: when the request came in, and when its answer was there. */
  startedMs?: number;
  answeredMs?: number;
  /** For access logs; absent while no bucket has one. */
  notes?: RequestNotes;
  /** Of what the request may have removed, where they are asked for. */
  tagsBefore?: readonly Tag[] | undefined;
}
