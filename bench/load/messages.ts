/** What the bench tells its load process, and what that answers. Both ends of one channel. */

/** An S3 endpoint and the key that requests to it are signed with. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Requests that are made and signed before the first of them is sent, and then sent in turn. */
export interface RequestSet {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** Encoded targets with their queries, whose parameters stand in the order that signatures want. */
  readonly targets: readonly string[];
  /** Length of every request's body. */
  readonly bodyBytes: number;
  /** Whether the body is signed too, as clients do with small ones; else it is UNSIGNED-PAYLOAD. */
  readonly isBodySigned: boolean;
}

export interface LoadLimits {
  /** Connections, each with one request at a time. */
  readonly connections: number;
  /** No request is begun after this long. */
  readonly seconds?: number;
  /** No more requests than this are sent. */
  readonly count?: number;
}

export type LoadOrder =
  | { readonly kind: 'prepare'; readonly id: number; readonly endpoint: Endpoint; readonly set: RequestSet }
  | { readonly kind: 'run'; readonly id: number; readonly limits: LoadLimits };

export interface LoadResult {
  /** Requests that were answered with success, and the time from the first begun to the last ended. */
  readonly count: number;
  readonly seconds: number;
  /** Of every one of them, in the order they ended. */
  readonly latenciesMs: Float64Array;
  /** Bytes of the answers' bodies. */
  readonly bytesRead: number;
  /** What went wrong otherwise, with how often. */
  readonly failures: ReadonlyMap<string, number>;
  /** Time that the client itself took on the processor. */
  readonly clientCpuSeconds: number;
}

export type LoadReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'prepared' }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | { readonly kind: 'error'; readonly message: string };
