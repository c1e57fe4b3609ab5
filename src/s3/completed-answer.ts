/** Answers with what stands in no model of their operation. */
import type { EncodedAnswer } from './model/encode.ts';
import type { Answer } from './operation.ts';

/** What an answer says where the caller's account was charged for it. */
const chargedHeader = ['x-amz-request-charged', 'requester'] as const;

/** An encoded output with what its operation says beside the model, and whom it was charged to. */
export function completed(
  encoded: EncodedAnswer,
  answer: Omit<Answer<unknown>, 'output' | 'order'>,
  { isCharged }: { readonly isCharged?: true },
): EncodedAnswer {
  const own = withOwn(encoded, answer);
  return isCharged ? { ...own, headers: [...own.headers, ...chargedHeader] } : own;
}

function withOwn(encoded: EncodedAnswer, answer: Omit<Answer<unknown>, 'output' | 'order'>): EncodedAnswer {
  const { status = encoded.status, headers: further, document } = answer;
  if (further === undefined && status === encoded.status) return encoded;
  const headers = [...encoded.headers, ...Object.entries(further ?? {}).flat()];
  if (document === undefined) return { ...encoded, status, headers };
  return { status, headers: [...headers, 'content-type', 'application/xml'], body: Buffer.from(document) };
}
