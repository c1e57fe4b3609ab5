/**
 * The authorise stage: asks, for every action that a request needs, the policies of the caller and of the bucket and what
 * ACLs grant, and refuses. What an answer depends on is looked up only where it does: documents of buckets and policies
 * are kept compiled, objects are asked for where their own list, their owner or their tags count.
 */

import type { BucketAccess, Owned } from '../../engine/access.ts';
import { isGrantedByAcl, needsObject } from '../../engine/access.ts';
import { EngineError } from '../../engine/errors.ts';
import type { Bucket, Engine, ObjectAttributes } from '../../engine/types.ts';
import type { Identity } from '../../iam/identity.ts';
import type { RequestContext } from '../../iam/policy/context.ts';
import { type AccessQuestion, type Decision, decide, type Permissions } from '../../iam/policy/decide.ts';
import { type PolicyTexts, permissionsOf } from '../../iam/policy/permissions.ts';
import type { RefusalBook } from '../../iam/policy/refusal-book.ts';
import { refusalText } from '../../iam/policy/refusal-text.ts';
import type { RequestNotes } from '../access-log/request-notes.ts';
import type { ControlTarget } from '../addressing.ts';
import { S3Error } from '../errors.ts';
import type { OperationName } from '../model/types.ts';
import type { ObjectName } from '../operation.ts';
import { s3Actions } from './actions.ts';
import type { BucketAccesses } from './bucket-accesses.ts';
import { explainJudgement, type Judgement } from './judgement.ts';
import { type NeededAction, neededActions } from './operation-actions.ts';
import { policyOfBucket } from './policy-of-bucket.ts';
import { type RequestFacts, requestContext, type Subject } from './request-context.ts';

export interface GateOptions {
  readonly engine: Engine;
  readonly accesses: BucketAccesses;
  readonly policiesOf: (identity: Identity) => PolicyTexts;
  /** The account id of an owner's canonical id. */
  readonly accountOf: (canonicalId: string) => string | undefined;
  readonly refusals: RefusalBook;
}

export interface AccessRequest {
  readonly facts: RequestFacts;
  readonly operation: OperationName;
  /** Absent for the operations that make or list buckets. */
  readonly bucket: Bucket | undefined;
  /** Of the request, also where there is no bucket yet. */
  readonly bucketName: string | undefined;
  readonly object: ObjectName | undefined;
  /** Of a request to S3 Control. */
  readonly control?: ControlTarget | undefined;
  /** What the request says, in its body for the most part, that conditions may ask for. */
  readonly told?: Pick<Subject, 'requestTags' | 'tagKeys' | 'lock' | 'kmsKeyId' | 'locationConstraint'>;
  /** Told whether an access control list was needed. */
  readonly notes?: RequestNotes | undefined;
  /** Values of keys that are supposed instead of the request's own, where somebody asks what would be. */
  readonly supposed?: RequestContext;
}

/** One action of a request, about a bucket that is there. */
interface Inquiry {
  readonly request: AccessRequest;
  readonly bucket: Bucket;
  readonly access: BucketAccess;
  readonly needed: NeededAction;
  /** Instead of the query's. */
  readonly prefix?: string;
}

/** What nobody may do without a signature, whatever is granted, in S3's words. */
const signedOnly: Partial<Record<OperationName, string>> = {
  CopyObject: 'Anonymous users cannot copy objects.  Please authenticate.',
  CreateMultipartUpload: 'Anonymous users cannot initiate multipart uploads.  Please authenticate.',
};

/** Whose account owns the bucket may do these, and its root whatever the policy says, so that it never locks itself out. */
const policyActions: ReadonlySet<string> = new Set([
  's3:GetBucketPolicy',
  's3:PutBucketPolicy',
  's3:DeleteBucketPolicy',
]);

/** Actions on an object that are the bucket owner's to give, whoever owns the object. */
const bucketOwnersActions: ReadonlySet<string> = new Set([
  's3:PutObject',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
  's3:RestoreObject',
  's3:BypassGovernanceRetention',
  's3:ReplicateObject',
  's3:ReplicateDelete',
  's3:ReplicateTags',
]);

/** What whoever began an upload may do with it, as may the bucket's owner. */
const initiatorsActions: ReadonlySet<string> = new Set(['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts']);

const nothing: Permissions = { identity: [] };
const existingTagKey = 's3:existingobjecttag';

export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Throws AccessDenied, and MethodNotAllowed for the policy of another account's bucket. */
  async authorise(request: AccessRequest): Promise<void> {
    const message = refusedUnsigned(request);
    if (message !== undefined) throw new S3Error('AccessDenied', { message });
    const { bucket } = request;
    const access = bucket && (this.#options.accesses.known(bucket) ?? (await this.#options.accesses.read(bucket)));
    for (const needed of actionsOf(request)) {
      if (bucket === undefined || access === undefined) this.#requireAbroad(request, needed);
      else if (!isUntouchedRoot(request.facts.identity, access, needed)) {
        await this.#require({ request, bucket, access, needed });
      }
    }
  }

  /** What `authorise` decides of each action that a request needs, or of those that are given, and by what. */
  async judge(request: AccessRequest, actions = actionsOf(request)): Promise<readonly Judgement[]> {
    const access = await this.#accessTo(request.bucket);
    const judgements: Judgement[] = [];
    for (const needed of actions) {
      const { bucket } = request;
      if (bucket === undefined || access === undefined) judgements.push(this.#judgeAbroad(request, needed));
      else judgements.push(await this.#judge({ request, bucket, access, needed }));
    }
    return judgements;
  }

  /** Whether `authorise` would let a request pass. */
  async allows(request: AccessRequest): Promise<boolean> {
    const judgements = await this.judge(request);
    return judgements.every(({ decision, isUntouchedRoot: isFree }) => isFree === true || decision.outcome === 'allow');
  }

  /** What the caller is to hear of an object that is missing: who may not list the bucket is not told. */
  async concealMissing(request: AccessRequest, error: unknown): Promise<unknown> {
    const { bucket, object, operation } = request;
    if (!(error instanceof EngineError) || bucket === undefined || object === undefined) return error;
    if (!['NoSuchKey', 'NoSuchVersion', 'DeleteMarkerMet'].includes(error.code)) return error;
    if (!readsObject(operation)) return error;
    const access = await this.#options.accesses.read(bucket);
    return (await this.#mayList({ request, bucket, access }, object)) ? error : new S3Error('AccessDenied');
  }

  async #accessTo(bucket: Bucket | undefined): Promise<BucketAccess | undefined> {
    const { accesses } = this.#options;
    return bucket && (accesses.known(bucket) ?? (await accesses.read(bucket)));
  }

  #requireAbroad(request: AccessRequest, needed: NeededAction): void {
    const judgement = this.#judgeAbroad(request, needed);
    if (judgement.decision.outcome !== 'allow') throw this.#refusal(request, judgement);
  }

  /** Where no bucket is asked, the policies of the identity decide alone: about its own account. */
  #judgeAbroad(request: AccessRequest, needed: NeededAction): Judgement {
    const { facts, bucketName, control, told } = request;
    const { identity } = facts;
    const { action } = needed;
    const resourceAccountId = control?.accountId ?? identity.accountId;
    const subject = { action, resourceAccountId, ...told };
    const question: AccessQuestion = {
      principal: identity,
      permissions: this.#permissionsOf(identity),
      action,
      resource: bucketName === undefined ? resourceAbroad(action) : `arn:aws:s3:::${bucketName}`,
      resourceAccountId,
      context: contextOf(request, subject),
    };
    return { needed, question, decision: decide(question) };
  }

  async #require(inquiry: Inquiry): Promise<void> {
    const { request, bucket, needed } = inquiry;
    const { identity } = request.facts;
    const judgement = await this.#judge(inquiry);
    const { outcome } = judgement.decision;
    if (outcome !== 'allow') {
      if (outcome === 'implicit-deny') await this.#tellMissing(inquiry);
      throw this.#refusal(request, judgement);
    }
    if (request.notes !== undefined && needsAcl(judgement)) request.notes.aclRequired = true;
    if (policyActions.has(needed.action) && identity.canonicalId !== bucket.owner)
      throw new S3Error('MethodNotAllowed');
  }

  async #judge(inquiry: Inquiry): Promise<Judgement> {
    const { request, access, needed } = inquiry;
    const asked = this.#question(inquiry, await this.#lookUp(inquiry));
    const isInitiator = initiatorsActions.has(needed.action) && (await this.#isInitiator(inquiry));
    const question = isInitiator ? { ...asked, isGrantedByAcl: true } : asked;
    return {
      ...{ needed, question, access, decision: decide(question) },
      isUntouchedRoot: isUntouchedRoot(request.facts.identity, access, needed),
    };
  }

  /** The reason is told within the account that the resource belongs to, as S3 does; to the operator in any case. */
  #refusal({ facts }: AccessRequest, judgement: Judgement): S3Error {
    const { question, decision } = judgement;
    this.#options.refusals.note(facts.requestId, () => explainJudgement(judgement));
    const { principal, resourceAccountId } = question;
    if (principal.kind === 'anonymous' || principal.accountId !== resourceAccountId) return new S3Error('AccessDenied');
    return new S3Error('AccessDenied', { message: refusalText(question, decision), fields: denialFields(decision) });
  }

  /** Who may list the bucket also hears that an object is missing, whatever it may read. Throws what the engine says of it. */
  async #tellMissing(inquiry: Inquiry): Promise<void> {
    const { request, bucket } = inquiry;
    const { object, operation } = request;
    if (object === undefined || !readsObject(operation) || !(await this.#mayList(inquiry, object))) return;
    await this.#options.engine.objects.find(bucket, object.key, object.versionId);
  }

  /** Whether the caller's account began the upload that the request is about. */
  async #isInitiator({ request, bucket }: Inquiry): Promise<boolean> {
    const { facts, object } = request;
    const uploadId = facts.query('uploadId');
    if (object === undefined || uploadId === undefined) return false;
    try {
      const { attributes } = await this.#options.engine.uploads.get(bucket, object.key, uploadId);
      return attributes.owner === facts.identity.canonicalId;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'NoSuchUpload') return false;
      throw error;
    }
  }

  /** Who may list the bucket may also know that an object is missing; to all others it is as forbidden as any. */
  async #mayList(
    { request, bucket, access }: Omit<Inquiry, 'needed'>,
    { key, versionId }: ObjectName,
  ): Promise<boolean> {
    const action = versionId === undefined ? 's3:ListBucket' : 's3:ListBucketVersions';
    const needed = { action, on: 'bucket' } as const;
    if (isUntouchedRoot(request.facts.identity, access, needed)) return true;
    return decide(this.#question({ request, bucket, access, needed, prefix: key }, undefined)).outcome === 'allow';
  }

  #question(inquiry: Inquiry, attributes: ObjectAttributes | undefined): AccessQuestion {
    const { request, bucket, access, needed, prefix } = inquiry;
    const { facts, object, told } = request;
    const { identity } = facts;
    const { action, on, isOfNew } = needed;
    const { accountOf } = this.#options;
    const ownerAccount = accountOf(bucket.owner) ?? '';
    // What nobody with an account has written is the bucket owner's to give.
    const isWriters = !isOfNew && isOwnedByWriter(access, action);
    const writerAccount = attributes && isWriters ? accountOf(attributes.owner) : undefined;
    const isForeign = writerAccount !== undefined && writerAccount !== ownerAccount;
    const policy = policyOfBucket(access);
    const isKeptIn = access.block.restrictPublicBuckets && policy?.isPublic && identity.canonicalId !== bucket.owner;
    const subject: Subject = {
      action,
      resourceAccountId: ownerAccount,
      versionId: object?.versionId,
      existingTags: attributes?.tags,
      bucketTags: access.tags,
      ...(prefix !== undefined && { prefix }),
      ...told,
    };
    return {
      principal: identity,
      permissions: this.#permissionsOf(identity),
      action,
      resource:
        on === 'object' && object !== undefined
          ? `arn:aws:s3:::${bucket.name}/${object.key}`
          : `arn:aws:s3:::${bucket.name}`,
      resourceAccountId: isForeign ? writerAccount : ownerAccount,
      resourcePolicy: policy,
      resourcePolicyOnlyDenies: isForeign || isKeptIn === true,
      isGrantedByAcl: this.#isGrantedByAcl(inquiry, attributes),
      context: contextOf(request, subject),
    };
  }

  #isGrantedByAcl({ request, access, needed }: Inquiry, object: Owned | undefined): boolean {
    // Who may make an object may also say what it is like.
    const action = needed.isOfNew ? 's3:PutObject' : needed.action;
    return isGrantedByAcl({ requester: request.facts.identity, action, bucket: access, object });
  }

  /** The object, where the decision depends on it and it is there, not only a delete marker. */
  async #lookUp({ request, bucket, access, needed }: Inquiry): Promise<ObjectAttributes | undefined> {
    const { object, facts } = request;
    if (needed.on !== 'object' || object === undefined) return undefined;
    const { action } = needed;
    const requester = facts.identity;
    const isAsked =
      isOwnedByWriter(access, action) ||
      needsObject({ requester, action, bucket: access }) ||
      (s3Actions.get(action)?.keys.has(existingTagKey) === true && this.#asksForTags(requester, access));
    if (!isAsked) return undefined;
    try {
      return (await this.#options.engine.objects.find(bucket, object.key, object.versionId)).attributes;
    } catch (error) {
      const isAbsent =
        error instanceof EngineError && ['NoSuchKey', 'NoSuchVersion', 'DeleteMarkerMet'].includes(error.code);
      if (isAbsent) return undefined;
      throw error;
    }
  }

  #asksForTags(identity: Identity, access: BucketAccess): boolean {
    if (policyOfBucket(access)?.policy.keys.has(existingTagKey)) return true;
    const { identity: own, boundary = [], session = [] } = this.#permissionsOf(identity);
    return [own === 'all' ? [] : own, boundary, session].some((policies) =>
      policies.some(({ policy }) => policy.keys.has(existingTagKey)),
    );
  }

  #permissionsOf(identity: Identity): Permissions {
    return identity.kind === 'anonymous' ? nothing : permissionsOf(this.#options.policiesOf(identity));
  }
}

/** The actions that a request needs, by its operation and its headers. */
export function actionsOf({ facts, operation, bucket, object, told }: AccessRequest): readonly NeededAction[] {
  return neededActions({
    operation,
    namesVersion: object?.versionId !== undefined,
    bucketOwner: bucket?.owner,
    givesTags: (told?.requestTags?.length ?? 0) > 0,
    header: (name) => facts.header(name),
  });
}

/** Why nobody may do this without a signature; undefined if that is not so, or there is one. */
export function refusedUnsigned({ operation, facts }: AccessRequest): string | undefined {
  return facts.identity.kind === 'anonymous' ? signedOnly[operation] : undefined;
}

function contextOf({ facts, supposed }: AccessRequest, subject: Subject): RequestContext {
  const own = requestContext(facts, subject);
  return supposed === undefined ? own : (key) => supposed(key) ?? own(key);
}

/** ListAllMyBuckets may be given on all buckets, as AWS's own examples have it; what is about an account has no resource. */
function resourceAbroad(action: string): string {
  return action === 's3:ListAllMyBuckets' ? 'arn:aws:s3:::*' : '*';
}

function readsObject(operation: OperationName): boolean {
  return /^(Get|Head)Object/.test(operation);
}

/** The root of the bucket's account, where nothing can limit it. */
function isUntouchedRoot(identity: Identity, access: BucketAccess, { action }: NeededAction): boolean {
  if (identity.kind !== 'root' || identity.canonicalId !== access.owner) return false;
  if (policyActions.has(action)) return true;
  return access.policy === undefined && !isOwnedByWriter(access, action);
}

/** Whether an object may belong to another account than its bucket does, and the action is that account's to give. */
function isOwnedByWriter({ ownership }: BucketAccess, action: string): boolean {
  if (ownership === 'BucketOwnerEnforced') return false;
  return s3Actions.get(action)?.on === 'object' && !bucketOwnersActions.has(action);
}

/** The statement that denies, for whoever may know it: where several policies stand, AWS's sentence names only their kind. */
function denialFields({ outcome, by }: Decision): Record<string, string> {
  if (outcome !== 'explicit-deny' || by === undefined) return {};
  return { DenyingPolicy: by.policy, DenyingStatement: by.sid ?? String(by.index + 1) };
}

/** Whether nothing but an access control list allows it. */
function needsAcl({ question }: Judgement): boolean {
  return question.isGrantedByAcl === true && decide({ ...question, isGrantedByAcl: false }).outcome !== 'allow';
}
