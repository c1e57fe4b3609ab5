/** A decision of the gate, and its explanation. */
import type { BucketAccess } from '../../engine/access.ts';
import type { AccessQuestion, Decision } from '../../iam/policy/decide.ts';
import { type ExplainedStep, type Explanation, explain } from '../../iam/policy/explain.ts';
import type { NeededAction } from './operation-actions.ts';

/** What the gate decides of one action of a request, and by what. */
export interface Judgement {
  readonly needed: NeededAction;
  readonly question: AccessQuestion;
  readonly decision: Decision;
  /** Of the bucket; absent where none is asked. */
  readonly access?: BucketAccess;
  /** The root of the bucket's account, which nothing can limit here. */
  readonly isUntouchedRoot?: boolean;
}

/** Why, in steps: those of policies, and what S3 adds to them. */
export function explainJudgement({ question, access, isUntouchedRoot }: Judgement): Explanation {
  const explanation = explain(question);
  if (access === undefined) return explanation;
  const steps = [
    ...explanation.steps,
    accessControlLists(access, question.isGrantedByAcl === true),
    objectOwnership(access, question.resourcePolicyOnlyDenies === true),
    publicAccessBlock(access),
  ];
  if (isUntouchedRoot !== true || explanation.outcome === 'allow') return { ...explanation, steps };
  const sentence = "Allowed to the root of the bucket's account, so that it never locks itself out";
  return { ...explanation, outcome: 'allow', sentence, steps };
}

function accessControlLists({ ownership }: BucketAccess, isGranted: boolean): ExplainedStep {
  const step = 'access control lists';
  if (isGranted) return { step, says: 'grant', why: 'to the caller, its account or everybody' };
  if (ownership === 'BucketOwnerEnforced') return { step, says: 'off', why: 'the bucket enforces its owner' };
  return { step, says: 'do not grant' };
}

function objectOwnership({ ownership }: BucketAccess, policyOnlyDenies: boolean): ExplainedStep {
  const why = "the object belongs to another account, or the public is kept out: the bucket's policy may only deny";
  return { step: 'object ownership', says: ownership, ...(policyOnlyDenies && { why }) };
}

function publicAccessBlock({ block }: BucketAccess): ExplainedStep {
  const inForce = Object.entries(block).flatMap(([name, isOn]) => (isOn ? [name] : []));
  const step = 'public access block';
  return inForce.length === 0 ? { step, says: 'none' } : { step, says: 'blocks', why: inForce.join(', ') };
}
