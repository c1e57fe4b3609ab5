/** One action of the SNS API: a typed function from AWS's own input to AWS's own output. */
import type { Outbox } from '../engine/types.ts';
import { IamError } from '../iam/errors.ts';
import type { Identity } from '../iam/identity.ts';
import type { ActionName, InputOf, OutputOf } from '../iam/model/types.ts';
import type { PolicyDocument } from '../iam/policy/document.ts';
import type { FurtherKeys } from '../iam/request-context.ts';
import type { TopicSigner } from './signing.ts';
import type { TopicBook } from './topic-book.ts';

/** What the actions work on. */
export interface Topics {
  readonly book: TopicBook;
  readonly outbox: Pick<Outbox, 'post' | 'drop'>;
  readonly signer: Pick<TopicSigner, 'sign'>;
  /** Whether there is a queue of this ARN that events can be sent to. */
  hasQueue(arn: string): boolean;
  /** Whether it is one that clients fetch from here. */
  isFetched(arn: string): boolean;
  /** Whether the policy of a queue lets a topic of an account send there. */
  mayQueue(arn: string, by: { readonly topic: string; readonly accountId: string }): boolean;
  /** Whether the configuration has a target of its own under an ARN. */
  isConfigured(arn: string): boolean;
  /** A principal that a policy names and that is not there. */
  missingPrincipal(policy: PolicyDocument): string | undefined;
}

export interface TopicCall {
  readonly identity: Identity;
  readonly topics: Topics;
  /** Scheme and host of this server, as the client knows it. */
  readonly origin: string;
  readonly nowMs: number;
  /** Throws AuthorizationError unless whoever asks may do it. */
  require(asked: Asked): void;
}

export interface Asked {
  /** With its service. */
  readonly action: string;
  readonly arn: string;
  /** Whose it is, where that is not the account in the ARN. */
  readonly accountId?: string;
  /** Further keys of conditions, in lower case. */
  readonly keys?: FurtherKeys;
}

export interface TopicAction<N extends ActionName = ActionName> {
  readonly name: N;
  /** Members of the input that are honoured. Any other that a client sends is answered NotImplemented. */
  readonly supports: readonly (keyof InputOf<N> & string)[];
  /** Whether whoever has a link may do it, without a signature. */
  readonly isOpen?: boolean;
  /** Rejects with IamError to refuse. */
  run(call: TopicCall, input: InputOf<N>): Promise<OutputOf<N>>;
}

export function topicAction<N extends ActionName>(declared: TopicAction<N>): TopicAction<N> {
  return declared;
}

export function invalidParameter(name: string, { why }: { readonly why?: string } = {}): IamError {
  return new IamError('InvalidParameter', `Invalid parameter: ${name}${why === undefined ? '' : ` Reason: ${why}`}`);
}

export function noTopic(): IamError {
  return new IamError('NotFound', 'Topic does not exist');
}

export function noSubscription(): IamError {
  return new IamError('NotFound', 'Subscription does not exist');
}

const arnElements = 6;

/** Throws InvalidParameter for what has not the form of an ARN. */
export function requireArn({ parameter, arn }: { readonly parameter: string; readonly arn: string }): void {
  const count = arn.split(':').length;
  if (count >= arnElements) return;
  throw invalidParameter(parameter, { why: `An ARN must have at least ${arnElements} elements, not ${count}` });
}

/** Throws InvalidParameter for what is no ARN of a topic here. */
export function parseTopicArn({ book }: Topics, arn: string): { accountId: string; name: string } {
  requireArn({ parameter: 'TopicArn', arn });
  const named = book.parse(arn);
  if (named === undefined) throw invalidParameter('TopicArn');
  return named;
}

const pageSize = 100;

/** A page of what is in order of ARN, and the token of the next one. */
export function pageOf<T extends { readonly arn: string }>(
  all: readonly T[],
  token: string | undefined,
): { readonly items: readonly T[]; readonly NextToken?: string } {
  const after = token === undefined ? '' : Buffer.from(token, 'base64url').toString();
  if (token !== undefined && !after.startsWith('arn:')) throw invalidParameter('NextToken');
  const rest = all.filter(({ arn }) => arn > after);
  const items = rest.slice(0, pageSize);
  const last = items.at(-1);
  if (last === undefined || rest.length === items.length) return { items };
  return { items, NextToken: Buffer.from(last.arn).toString('base64url') };
}

/** Throws InvalidParameter where there is no queue of an ARN, AuthorizationError where a topic may not send there. */
export function checkQueue(
  topics: Topics,
  arn: string,
  { topic, accountId, parameter }: { readonly topic: string; readonly accountId: string; readonly parameter: string },
): void {
  if (!topics.hasQueue(arn))
    throw invalidParameter(parameter, { why: 'no such queue is here or in the configuration' });
  if (arn.split(':')[4] !== accountId) {
    throw new IamError('AuthorizationError', `The queue ${arn} is another account's.`);
  }
  if (!topics.mayQueue(arn, { topic, accountId })) {
    throw new IamError('AuthorizationError', `The policy of the queue ${arn} does not let the topic send there.`);
  }
}
