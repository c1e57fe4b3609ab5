/**
 * What the subscriptions of a topic get: its messages in an envelope, and what such a one is told of itself.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 */
import type { TopicMessage } from '../engine/types.ts';

export function topicEnvelope(sent: TopicMessage): object {
  const { event: Type, messageId, topic, subscription, subject, message, atMs, token, origin } = sent;
  const common = { Type, MessageId: messageId, TopicArn: topic };
  const Timestamp = new Date(atMs).toISOString();
  if (Type === 'Notification') {
    return {
      ...common,
      ...(subject !== undefined && { Subject: subject }),
      Message: message,
      Timestamp,
      UnsubscribeURL: linkOf(origin, { Action: 'Unsubscribe', SubscriptionArn: subscription }),
    };
  }
  const confirm = { Action: 'ConfirmSubscription', TopicArn: topic, Token: token ?? '' };
  return { ...common, Token: token, Message: message, SubscribeURL: linkOf(origin, confirm), Timestamp };
}

function linkOf(origin: string, parameters: Readonly<Record<string, string>>): string {
  return `${origin}/?${new URLSearchParams(parameters)}`;
}
