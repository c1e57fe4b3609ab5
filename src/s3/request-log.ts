/** The one line that the log has of an S3 request. The query is left out, as presigned ones carry signatures. */
import type { Identity } from '../iam/identity.ts';
import type { Log } from '../lib/log.ts';
import { pathOf } from './addressing.ts';
import type { S3Error } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { OperationName } from './model/types.ts';

export interface RequestLine {
  readonly url: string;
  readonly ms: number;
  readonly trace: RequestTrace;
}

/** What was found out of the request. */
export interface RequestTrace {
  readonly operation?: OperationName | 'PostObject';
  readonly identity?: Identity;
  readonly error?: S3Error;
}

/** Codes of a full house or of what is not there: no fault of the server. */
const noFaults: ReadonlySet<string> = new Set(['NotImplemented', 'SlowDown']);

export function logRequest(log: Log, exchange: Exchange, { url, ms, trace }: RequestLine): void {
  const { operation, identity, error } = trace;
  const isFault = error !== undefined && error.status >= 500 && !noFaults.has(error.code);
  const level = error === undefined ? 'debug' : isFault ? 'error' : 'info';
  if (!log.isLevelEnabled(level)) return;
  const { request, requestId, status, bytesSent } = exchange;
  const path = pathOf(url);
  const what = { requestId, method: request.method, path, operation, caller: identity?.kind };
  const why = error && { code: error.code, reason: error.message, ...(isFault && { err: error.cause }) };
  log[level]({ ...what, status, bytesSent, ms, ...why }, error === undefined ? 'Request' : 'Request refused');
}
