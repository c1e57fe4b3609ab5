/** One key as a register with conditional operations, for the linearizability check: its state is an ETag or empty. */
import type { SequentialModel } from './linearizability.ts';

export type RegisterOp =
  /** A GET or a listing that showed this ETag, or nothing. */
  | { readonly do: 'read'; readonly found: string }
  | {
      readonly do: 'write' | 'delete';
      /** What the key holds afterwards; empty for a delete. */
      readonly etag: string;
      readonly condition:
        | { readonly kind: 'none' }
        | { readonly kind: 'absent' }
        | { readonly kind: 'match'; readonly etag: string };
      /** Error code of a refusal, empty where it was done; undefined if no answer came. */
      readonly answer: string | undefined;
    };

export type WriteOp = Exclude<RegisterOp, { do: 'read' }>;
export type Condition = WriteOp['condition'];

export const objectRegister: SequentialModel<string, RegisterOp> = {
  initial: '',
  step(state, op) {
    if (op.do === 'read') return state === op.found ? [state] : [];
    const refusal = refusalOf(state, op.condition);
    const after = refusal === '' ? op.etag : state;
    if (op.answer === undefined) return after === state ? [state] : [after, state];
    return op.answer === refusal ? [after] : [];
  },
  nameOf: (state) => state,
};

function refusalOf(state: string, condition: Condition): string {
  if (condition.kind === 'none') return '';
  if (condition.kind === 'absent') return state === '' ? '' : 'PreconditionFailed';
  if (state === '') return 'NoSuchKey';
  return state === condition.etag ? '' : 'PreconditionFailed';
}
