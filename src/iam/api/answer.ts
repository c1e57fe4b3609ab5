/**
 * The way of every request to the IAM API: find the action → decode → authorise → run → encode. Who asks has been found out
 * before, and that the body is the one that was signed.
 */
import { IamError } from '../errors.ts';
import type { Iam } from '../iam.ts';
import type { Identity } from '../identity.ts';
import { type Decoded, decodeInput } from '../model/decode.ts';
import { encodeOutput } from '../model/encode.ts';
import type { ServiceSchema } from '../model/schema.ts';
import { iamTable } from '../model/table.generated.ts';
import { requirePermission } from '../permission.ts';
import type { AccessQuestion } from '../policy/decide.ts';
import { permissionsOf } from '../policy/permissions.ts';
import { type RequestSource, requestContext, requestTagKeys, tagKeys } from '../request-context.ts';
import type { ActionCall } from './action.ts';
import { iamActions } from './index.ts';
import { passedRole, type Resource, resourcesOf } from './resource.ts';

export interface QueryRequest {
  readonly identity: Identity;
  readonly parameters: URLSearchParams;
  readonly source: RequestSource;
  readonly requestId: string;
  /** Scheme and host of this server, as the client knows it. */
  readonly origin: string;
}

export interface QueryAnswer {
  /** XML. */
  readonly text: string;
  /** What it says. */
  readonly output: object;
}

/** Throws IamError to refuse. */
export async function answerIam(
  iam: Iam,
  { identity, parameters, source, requestId }: QueryRequest,
): Promise<QueryAnswer> {
  if (identity.kind === 'anonymous') throw new IamError('MissingAuthenticationToken', missingToken);
  const { action, name } = findAction(iamTable, iamActions, parameters);
  const input = decodeInput(iamTable, name, parameters);
  refuseUnsupported(input, action);
  const view = iam.directory.view(identity.accountId);
  if (view === undefined) throw new IamError('InvalidClientTokenId', invalidToken);
  const call: ActionCall = { identity, view, iam, nowMs: source.nowMs };
  authorise(call, { name, input, source, requestId });
  const output = action.changes
    ? await iam.directory.change(identity.accountId, (open) => action.run({ ...call, view: open }, input))
    : action.run(call, input);
  return { output, text: encodeOutput(iamTable, name, { output, requestId }) };
}

export const missingToken = 'Request is missing Authentication Token';
export const invalidToken = 'The security token included in the request is invalid.';

/** Throws for what the model does not have, and for what there is no function for. */
export function findAction<A>(
  service: ServiceSchema,
  actions: ReadonlyMap<string, A>,
  parameters: URLSearchParams,
): { action: A; name: string } {
  const name = parameters.get('Action');
  if (name === null || name === '')
    throw new IamError('MissingAction', 'The request must contain the parameter Action.');
  const action = actions.get(name);
  if (action !== undefined) return { action, name };
  if (Object.hasOwn(service.operations, name)) throw new IamError('NotImplemented', `${name} is not implemented`);
  throw new IamError('InvalidAction', `Could not find operation ${name} for version ${service.version}`);
}

/** Accepting a parameter and ignoring it would be a promise not kept. */
export function refuseUnsupported(input: Decoded, { supports }: { readonly supports: readonly string[] }): void {
  const unsupported = Object.keys(input).find((member) => !supports.includes(member));
  if (unsupported === undefined) return;
  throw new IamError('NotImplemented', `The parameter ${unsupported} is not implemented`);
}

interface Asked {
  readonly name: string;
  readonly input: Decoded;
  readonly source: RequestSource;
  readonly requestId: string;
}

/** The root may do everything in its account, others what their policies say. */
function authorise({ identity, view, iam }: ActionCall, { name, input, source, requestId }: Asked): void {
  // As with AWS: IAM takes no keys of GetSessionToken without MFA, and none of GetFederationToken at all.
  if (identity.session !== undefined && identity.kind !== 'role') {
    throw new IamError('InvalidClientTokenId', invalidToken);
  }
  if (identity.kind === 'root') return;
  const permissions = permissionsOf(iam.callers.policiesOf(identity));
  const require = (action: string, resource: Resource): void => {
    const further = {
      ...requestTagKeys(tagsOf(input)),
      ...tagKeys('aws:resourcetag', resource.tags),
      ...tagKeys('iam:resourcetag', resource.tags),
      ...textKeys(input, { 'iam:policyarn': 'PolicyArn', 'iam:permissionsboundary': 'PermissionsBoundary' }),
    };
    const question: AccessQuestion = {
      ...{ principal: identity, permissions, action },
      resource: resource.arn,
      resourceAccountId: view.account.id,
      context: requestContext(identity, source, further),
    };
    requirePermission({ iam, requestId }, question);
  };
  for (const resource of resourcesOf({ identity, view }, name, input)) require(`iam:${name}`, resource);
  const role = passedRole(view, name, input);
  if (role !== undefined) require('iam:PassRole', role);
}

function tagsOf({ Tags }: Decoded) {
  if (!Array.isArray(Tags)) return [];
  return Tags.map((tag) => ({ key: String(Object(tag).Key), value: String(Object(tag).Value ?? '') }));
}

function textKeys(input: Decoded, members: Readonly<Record<string, string>>): Record<string, string> {
  const found = Object.entries(members).flatMap(([key, member]) => {
    const value = input[member];
    return typeof value === 'string' ? [[key, value]] : [];
  });
  return Object.fromEntries(found);
}
