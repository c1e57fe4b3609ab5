/** Asks for what IAM and STS do themselves, and refuses it in AWS's words. */
import { IamError } from './errors.ts';
import { type AccessQuestion, decide } from './policy/decide.ts';
import { explain } from './policy/explain.ts';
import type { RefusalBook } from './policy/refusal-book.ts';
import { refusalText } from './policy/refusal-text.ts';

/** Of the request that wants to be permitted something. */
interface Asking {
  readonly iam: { readonly refusals: RefusalBook };
  readonly requestId: string;
}

/** Throws AccessDenied. */
export function requirePermission(asking: Asking, question: AccessQuestion): void {
  const decision = decide(question);
  if (decision.outcome === 'allow') return;
  noteRefusal(asking, question);
  throw new IamError('AccessDenied', refusalText(question, decision));
}

export function noteRefusal({ iam, requestId }: Asking, question: AccessQuestion): void {
  iam.refusals.note(requestId, () => explain(question));
}
