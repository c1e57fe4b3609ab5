/** One action of STS: a typed function from AWS's own input to AWS's own output. None of them changes anything. */
import type { Iam } from '../iam.ts';
import type { Identity } from '../identity.ts';
import type { ActionName, InputOf, OutputOf } from '../model/types.ts';
import type { RequestSource } from '../request-context.ts';

export interface StsCall {
  readonly identity: Identity;
  readonly iam: Iam;
  readonly source: RequestSource;
  readonly requestId: string;
}

export interface StsAction<N extends ActionName = ActionName> {
  readonly name: N;
  /** Members of the input that are honoured. Any other that a client sends is answered NotImplemented. */
  readonly supports: readonly (keyof InputOf<N> & string)[];
  /** Nobody needs to have signed the request. */
  readonly isOpen?: true;
  /** Throws IamError to refuse. */
  run(call: StsCall, input: InputOf<N>): OutputOf<N> | Promise<OutputOf<N>>;
}

/** Declares an action; exists for the inference of its types. */
export function stsAction<N extends ActionName>(declared: StsAction<N>): StsAction<N> {
  return declared;
}
