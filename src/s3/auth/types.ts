/** What authentication takes and gives. */
import type { Identity } from '../../iam/identity.ts';
import type { HeaderMap } from '../../lib/sigv4/canonical-request.ts';
import type { SigningContext } from '../../lib/sigv4/signing-key.ts';
import type { PayloadMode } from './payload-mode.ts';

export interface SignedRequest {
  /** As on the wire, upper case. */
  readonly method: string;
  /** Path exactly as on the wire, without the query. */
  readonly rawPath: string;
  /** Query exactly as on the wire, without the question mark; empty where there is none. */
  readonly rawQuery: string;
  readonly headers: HeaderMap;
  /** The bucket that the host names, which a path of Version 2 is signed with. */
  readonly hostBucket?: string | undefined;
}

/** A secret with whom it belongs to. Temporary keys have a session token that must come with the request. */
export interface AccessKey {
  readonly secret: string;
  readonly identity: Identity;
  readonly sessionToken?: string;
  readonly isExpired?: true;
}

/** Finds the key of an id, and of a session token where one came along. */
export type FindSecret = (accessKeyId: string, sessionToken?: string) => AccessKey | undefined;

/** As policies name it. */
export type SignatureVersion = 'AWS' | 'AWS4-HMAC-SHA256';

export interface Signed {
  readonly kind: 'signed';
  readonly version: SignatureVersion;
  readonly mode: 'header' | 'presigned' | 'form';
  readonly identity: Identity;
  readonly accessKeyId: string;
  readonly region: string;
  /** Milliseconds since 1970; unknown of a presigned request or a form of Version 2, which say only when they expire. */
  readonly signedMs: number | undefined;
  readonly payload: PayloadMode;
  /** The host that it was signed for, where that is another one than in its headers. */
  readonly otherHost?: string;
  /** Signs the chunks of a streamed body, which Version 2 cannot. */
  readonly signing?: SigningContext;
}

export type Authentication = { readonly kind: 'anonymous'; readonly payload: PayloadMode } | Signed;
