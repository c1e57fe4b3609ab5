/**
 * One operation of S3: a typed function from AWS's own input to AWS's own output, and what it supports of the input.
 * It returns data; only the pipeline touches the reply.
 */
import type { BucketAccess } from '../engine/access.ts';
import type { BucketDefaults } from '../engine/bucket-defaults.ts';
import type { BodySource, Bucket, ChecksumAlgorithm, Engine, EventCause } from '../engine/types.ts';
import type { Identity } from '../iam/identity.ts';
import type { PolicyDocument } from '../iam/policy/document.ts';
import type { RequestSource } from '../iam/request-context.ts';
import type { ObjectKeys } from '../kms/object-keys.ts';
import type { AccountBlocks } from './access/bucket-accesses.ts';
import type { FindLogTarget } from './access-log/log-targets.ts';
import type { RequestNotes } from './access-log/request-notes.ts';
import type { EventTargets } from './events/check-targets.ts';
import type { BucketAsked } from './find-bucket.ts';
import type { FindUser } from './grantees.ts';
import type { InputOf, OperationName, OutputOf } from './model/types.ts';
import type { NameOf } from './owners.ts';
import type { Regions } from './regions.ts';

/** An object in its bucket: a version of it, or without an id the current one. */
export interface ObjectName {
  readonly key: string;
  readonly versionId: string | undefined;
}

/** Where buckets may be replicated to, and as whom. */
export interface ReplicationPlaces {
  /** ARNs of buckets that are on other servers. */
  readonly elsewhere: ReadonlySet<string>;
  /** Those of them that are on MinIOs. */
  readonly minios: ReadonlySet<string>;
  /** The account id of an owner's canonical id. */
  accountOf(canonicalId: string): string | undefined;
  /** Throws InvalidArgument for a role that is not there, AccessDenied unless the caller may pass it to S3. */
  passRole(identity: Identity, passed: { readonly role: string; readonly bucket: Bucket }): void;
}

/** What every request finds the same. */
export interface Surroundings {
  readonly engine: Engine;
  readonly regions: Regions;
  /** What new buckets are like. */
  readonly bucketDefaults: BucketDefaults;
  /** Whether new objects are encrypted (SSE-S3) where neither request nor bucket says how. */
  readonly encryptsByDefault: boolean;
  readonly accountBlocks: AccountBlocks;
  readonly eventTargets: EventTargets;
  readonly replication: ReplicationPlaces;
  /** Keys of KMS for objects. */
  readonly objectKeys: ObjectKeys;
  /** Finds the bucket that is to take the access log of another one. */
  readonly findLogTarget: FindLogTarget;
  /** Finds whom an access control list may name. */
  readonly findUser: FindUser;
  /** Names owners and grantees. */
  readonly nameOf: NameOf;
  /** The first principal of a policy that is not there, of those in accounts that the server knows. */
  missingPrincipal(policy: PolicyDocument): string | undefined;
}

/** What an operation may know of its request beside the decoded input. */
export interface OperationRequest extends Surroundings {
  readonly requestId: string;
  /** What access logs are told of the request; undefined while no bucket has one. */
  readonly notes: RequestNotes | undefined;
  /** How the request came in, for what S3 asks elsewhere on behalf of its caller. */
  source(): RequestSource;
  /** Who changes what the operation changes, for the events that tell of it. */
  cause(): EventCause;
  readonly identity: Identity;
  /** Milliseconds since 1970 when the request came in. */
  readonly nowMs: number;
  /** What a bucket says on access, with what its account forbids. */
  accessOf(bucket: Bucket): Promise<BucketAccess>;
  /** Scheme and host the client used, without a path: for `Location`. */
  readonly origin: string;
  /** Header by lower-case name, for what the model does not carry. */
  header(name: string): string | undefined;
  /** Query parameter, decoded, for what the model does not carry. */
  query(name: string): string | undefined;
  /**
   * The bucket that the input names, resolved before the body was looked at (with ExpectedBucketOwner checked). Throws if
   * the operation has none.
   */
  bucket(): Bucket;
  /**
   * For what an operation does beside what its own head asks for: throws AccessDenied unless the caller may do that operation
   * too, to an object of the request's bucket or of the one given.
   */
  authorise(operation: OperationName, object: ObjectName, bucket?: Bucket): Promise<void>;
  /** Whether the caller may do an operation too, to an object of the request's bucket. */
  may(operation: OperationName, object: ObjectName): Promise<boolean>;
  /** The bucket of an object that the operation reads beside its own (copy sources), resolved and authorised for this identity. */
  sourceBucket(asked: BucketAsked, object: ObjectName): Promise<Bucket>;
  /** What the caller is to hear of a failure to find that object: who may not list its bucket is not told that it is missing. */
  concealMissing(error: unknown, source: { bucket: Bucket; object: ObjectName }): Promise<unknown>;
  /**
   * The streaming body, decoded from its transfer encoding, for operations whose input has a streaming `Body`. `verify` of
   * what it returns checks signatures, trailers, Content-MD5 and checksum headers. Sends 100 Continue when first read.
   */
  body(options?: { checksumAlgorithm?: ChecksumAlgorithm }): BodySource;
}

export interface Answer<O> {
  readonly output: O;
  /** Where it differs from the model's, e.g. 206. */
  readonly status?: number;
  /** Headers that the model does not carry. */
  readonly headers?: Readonly<Record<string, string>>;
  /** XML where the model has no body (POST Object). */
  readonly document?: string;
  /** Names of flat lists of the output, once for each item, where the items of several lists are written in one order. */
  readonly order?: readonly (keyof O & string)[];
}

export interface Operation<N extends OperationName = OperationName> {
  readonly name: N;
  /** Members of the input that are honoured. Any other member that a client sends is answered NotImplemented. */
  readonly supports: readonly (keyof InputOf<N> & string)[];
  /** Bytes of its document at most, where S3 allows more or fewer than `usualDocumentBytesMax`. */
  readonly documentBytesMax?: number;
  run(request: OperationRequest, input: InputOf<N>): Promise<Answer<OutputOf<N>>>;
}

/** Declares an operation; exists for the inference of its types. */
export function operation<N extends OperationName>(declared: Operation<N>): Operation<N> {
  return declared;
}
