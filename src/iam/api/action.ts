/**
 * One action of the IAM API: a typed function from AWS's own input to AWS's own output, over a view of the caller's account.
 * One that changes is run alone, and answered when its change is durable.
 */
import type { AccountView } from '../account-view.ts';
import type { Iam } from '../iam.ts';
import type { Identity } from '../identity.ts';
import type { ActionName, InputOf, OutputOf } from '../model/types.ts';

export interface ActionCall {
  readonly identity: Identity;
  readonly view: AccountView;
  readonly iam: Iam;
  readonly nowMs: number;
}

export interface Action<N extends ActionName = ActionName> {
  readonly name: N;
  /** Members of the input that are honoured. Any other that a client sends is answered NotImplemented. */
  readonly supports: readonly (keyof InputOf<N> & string)[];
  readonly changes: boolean;
  /** Throws IamError to refuse, with nothing changed. */
  run(call: ActionCall, input: InputOf<N>): OutputOf<N>;
}

type Declared<N extends ActionName> = Omit<Action<N>, 'changes'>;

export function reading<N extends ActionName>(declared: Declared<N>): Action<N> {
  return { ...declared, changes: false };
}

export function changing<N extends ActionName>(declared: Declared<N>): Action<N> {
  return { ...declared, changes: true };
}
