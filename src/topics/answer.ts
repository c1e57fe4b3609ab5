/** The way of every request to SNS: find the action → decode → run → encode. The actions ask for what they need. */
import { findAction, missingToken, type QueryAnswer, type QueryRequest, refuseUnsupported } from '../iam/api/answer.ts';
import { IamError } from '../iam/errors.ts';
import type { Iam } from '../iam/iam.ts';
import { decodeInput } from '../iam/model/decode.ts';
import { encodeOutput } from '../iam/model/encode.ts';
import { snsTable } from '../iam/model/table.generated.ts';
import { noteRefusal } from '../iam/permission.ts';
import { type AccessQuestion, decide } from '../iam/policy/decide.ts';
import { permissionsOf } from '../iam/policy/permissions.ts';
import { refusalText } from '../iam/policy/refusal-text.ts';
import { requestContext, tagKeys } from '../iam/request-context.ts';
import type { Asked, TopicAction, TopicCall, Topics } from './action.ts';
import { permissionActions } from './permission-actions.ts';
import { publishActions } from './publish-actions.ts';
import { subscriptionActions } from './subscription-actions.ts';
import { tagActions } from './tag-actions.ts';
import { topicActions } from './topic-actions.ts';
import { policyOf } from './topic-policy.ts';

const all: readonly TopicAction[] = [
  ...topicActions,
  ...permissionActions,
  ...tagActions,
  ...subscriptionActions,
  ...publishActions,
];
/** By name. */
export const snsActions: ReadonlyMap<string, TopicAction> = new Map(all.map((action) => [action.name, action]));

/** Throws IamError to refuse. */
export async function answerSns(iam: Iam, topics: Topics, request: QueryRequest): Promise<QueryAnswer> {
  const { identity, parameters, source, origin, requestId } = request;
  const { action, name } = findAction(snsTable, snsActions, parameters);
  if (identity.kind === 'anonymous' && action.isOpen !== true) {
    throw new IamError('MissingAuthenticationToken', missingToken);
  }
  const input = decodeInput(snsTable, name, parameters);
  refuseUnsupported(input, action);
  const call: TopicCall = {
    ...{ identity, topics, origin, nowMs: source.nowMs },
    require: (asked) => authorise({ iam, topics, request }, asked),
  };
  const output = await action.run(call, input);
  return { output, text: encodeOutput(snsTable, name, { output, requestId }) };
}

interface Asking {
  readonly iam: Iam;
  readonly topics: Topics;
  readonly request: QueryRequest;
}

/** The root may do everything in its account, others what their policies and the topic's say. */
function authorise(
  { iam, topics, request: { identity, source, requestId } }: Asking,
  { action, arn, accountId = arn.split(':')[4] ?? '', keys = {} }: Asked,
): void {
  const isOwn = identity.accountId === accountId;
  if (isOwn && identity.kind === 'root' && identity.session === undefined) return;
  const topic = topics.book.find(arn);
  const question: AccessQuestion = {
    ...{ principal: identity, permissions: permissionsOf(iam.callers.policiesOf(identity)) },
    ...{ action, resource: arn, resourceAccountId: accountId, resourcePolicy: topic && policyOf(topic) },
    context: requestContext(identity, source, {
      'aws:sourceowner': identity.accountId,
      ...tagKeys('aws:resourcetag', topic?.record.tags ?? []),
      ...keys,
    }),
  };
  const decision = decide(question);
  if (decision.outcome === 'allow') return;
  noteRefusal({ iam, requestId }, question);
  throw new IamError('AuthorizationError', refusalText(question, decision));
}
