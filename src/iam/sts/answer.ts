/** The way of every request to STS: find the action → decode → run → encode. The actions authorise, each in its own way. */
import { findAction, missingToken, type QueryAnswer, type QueryRequest, refuseUnsupported } from '../api/answer.ts';
import { IamError } from '../errors.ts';
import type { Iam } from '../iam.ts';
import { decodeInput } from '../model/decode.ts';
import { encodeOutput } from '../model/encode.ts';
import { stsTable } from '../model/table.generated.ts';
import type { StsAction } from './action.ts';
import { assumeRole } from './assume-role.ts';
import { assumeRoleWithWebIdentity } from './assume-role-with-web-identity.ts';
import { getCallerIdentity, getFederationToken, getSessionToken } from './own-sessions.ts';

const declared: readonly StsAction[] = [
  assumeRole,
  assumeRoleWithWebIdentity,
  getCallerIdentity,
  getFederationToken,
  getSessionToken,
];

/** By name. */
export const stsActions: ReadonlyMap<string, StsAction> = new Map(declared.map((action) => [action.name, action]));

/** Throws IamError to refuse. */
export async function answerSts(
  iam: Iam,
  { identity, parameters, source, requestId }: QueryRequest,
): Promise<QueryAnswer> {
  const { action, name } = findAction(stsTable, stsActions, parameters);
  if (identity.kind === 'anonymous' && !action.isOpen) {
    throw new IamError('MissingAuthenticationToken', missingToken);
  }
  const input = decodeInput(stsTable, name, parameters);
  refuseUnsupported(input, action);
  const output = await action.run({ identity, iam, source, requestId }, input);
  return { output, text: encodeOutput(stsTable, name, { output, requestId }) };
}
