/** The way of every request to KMS: find the action → read the input → run. The actions ask for what they need. */
import { KmsError } from '../errors.ts';
import type { KmsCall } from './action.ts';
import { aliasActions } from './alias-actions.ts';
import { cryptographyActions } from './cryptography-actions.ts';
import { keyActions } from './key-actions.ts';
import { rotationActions } from './rotation-actions.ts';

const actions = new Map([...keyActions, ...aliasActions, ...cryptographyActions, ...rotationActions]);

/** Names of all actions. */
export const kmsActions: readonly string[] = [...actions.keys()];

/** Throws KmsError to refuse. */
export async function answerKms(call: KmsCall, name: string, input: unknown): Promise<object> {
  const run = actions.get(name);
  if (run === undefined) throw new KmsError('UnknownOperationException', `There is no action ${name} here.`);
  return run(call, input);
}
