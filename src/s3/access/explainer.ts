/** Says whether a request that is only supposed would be allowed, and why; asked of the same gate that requests meet. */
import { EngineError } from '../../engine/errors.ts';
import type { Bucket, Engine } from '../../engine/types.ts';
import { IamError } from '../../iam/errors.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Identity } from '../../iam/identity.ts';
import { findCaller } from '../../iam/named-caller.ts';
import { contextOf } from '../../iam/policy/context.ts';
import type { Explanation } from '../../iam/policy/explain.ts';
import type { Clock } from '../../lib/clock.ts';
import { operationTable } from '../model/table.generated.ts';
import type { OperationName } from '../model/types.ts';
import { s3Actions } from './actions.ts';
import { type AccessRequest, actionsOf, type Gate, refusedUnsigned } from './gate.ts';
import { explainJudgement } from './judgement.ts';
import type { NeededAction } from './operation-actions.ts';
import type { RequestFacts } from './request-context.ts';

/** A request that somebody asks about. */
export interface Supposition {
  /** Who asks, as `findCaller` takes it, in this account. */
  readonly as: string;
  readonly account: string;
  /** An action, `s3:GetObject`, or an operation, `GetObject`, with all actions that it needs. */
  readonly what: string;
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  readonly versionId?: string | undefined;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Values of condition keys, which take the place of what the request would bring. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

export interface Explainer {
  /** One for every action. Throws IamError where what is asked about is not there. */
  explain(supposition: Supposition): Promise<readonly Explanation[]>;
  /** Why a request was refused, by its id; undefined if that is not known any more. */
  recall(requestId: string): readonly Explanation[] | undefined;
}

export interface ExplainerParts {
  readonly iam: Iam;
  readonly engine: Engine;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly region: string;
}

export function createExplainer(parts: ExplainerParts): Explainer {
  const { iam, gate } = parts;
  return {
    recall: (requestId) => iam.refusals.explain(requestId),
    async explain(supposition) {
      const identity = findCaller(iam, { name: supposition.as, accountId: supposition.account });
      const { operation, actions } = readWhat(supposition.what);
      const { bucket: bucketName, key, versionId } = supposition;
      const request: AccessRequest = {
        facts: factsOf(parts, identity, supposition),
        ...{ operation, bucketName },
        bucket: await findBucket(parts, operation, bucketName),
        object: key === undefined ? undefined : { key, versionId },
        supposed: contextOf(supposition.context),
      };
      const needed = actions ?? actionsOf(request);
      checkNames(needed, request);
      const message = actions === undefined ? refusedUnsigned(request) : undefined;
      const explanations = (await gate.judge(request, needed)).map(explainJudgement);
      if (message === undefined) return explanations;
      return explanations.map((one) => ({ ...one, outcome: 'implicit-deny', sentence: message }));
    },
  };
}

/** The operation, or the one action; which operation has it does not matter then. */
function readWhat(what: string): { operation: OperationName; actions?: readonly NeededAction[] } {
  if (isOperation(what)) return { operation: what };
  const folded = what.toLowerCase();
  const [action, facts] = [...s3Actions].find(([name]) => name.toLowerCase() === folded) ?? [];
  if (action === undefined || facts === undefined) {
    throw new IamError('ValidationError', `${what} is no operation and no action of S3: GetObject or s3:GetObject.`);
  }
  const on = facts.on === 'other' ? 'service' : facts.on;
  return { operation: action === 's3:CreateBucket' ? 'CreateBucket' : 'HeadBucket', actions: [{ action, on }] };
}

function isOperation(name: string): name is OperationName {
  return Object.hasOwn(operationTable, name);
}

async function findBucket(
  { engine }: ExplainerParts,
  operation: OperationName,
  name: string | undefined,
): Promise<Bucket | undefined> {
  if (name === undefined || operation === 'CreateBucket') return undefined;
  try {
    return await engine.buckets.get(name);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'NoSuchBucket') throw error;
    throw new IamError('NoSuchEntity', `There is no bucket ${name}.`);
  }
}

function checkNames(needed: readonly NeededAction[], { bucketName, object }: AccessRequest): void {
  for (const { action, on } of needed) {
    if (on !== 'service' && bucketName === undefined) {
      throw new IamError('ValidationError', `${action} is about a bucket: name one, s3://bucket.`);
    }
    if (on === 'object' && object === undefined) {
      throw new IamError('ValidationError', `${action} is about an object: name one, s3://bucket/key.`);
    }
  }
}

/** Signed in its header a moment ago, if it is signed; where it comes from nobody has said. */
function factsOf(
  { clock, region }: ExplainerParts,
  identity: Identity,
  { headers, versionId }: Supposition,
): RequestFacts {
  const nowMs = clock.nowMs();
  return {
    ...{ requestId: '', identity, nowMs, region, sourceIp: undefined, isSecure: false, tlsVersion: undefined },
    header: (name) => headers[name],
    query: (name) => (name === 'versionId' ? versionId : undefined),
    signature:
      identity.kind === 'anonymous' ? undefined : { mode: 'header', version: 'AWS4-HMAC-SHA256', signedMs: nowMs },
  };
}
