/**
 * What the subscriptions of a topic get: its messages in an envelope, and what such a one is told of itself.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 */
import type { MessageAttributes, TopicMessage } from '../engine/types.ts';

export function topicEnvelope(sent: TopicMessage): object {
  const { event: Type, messageId, topic, subscription, subject, message, atMs, token, origin, attributes = {} } = sent;
  const common = { Type, MessageId: messageId, TopicArn: topic };
  const Timestamp = new Date(atMs).toISOString();
  if (Type === 'Notification') {
    return {
      ...common,
      ...(subject !== undefined && { Subject: subject }),
      Message: message,
      Timestamp,
      UnsubscribeURL: linkOf(origin, { Action: 'Unsubscribe', SubscriptionArn: subscription }),
      ...(Object.keys(attributes).length > 0 && { MessageAttributes: attributesOf(attributes) }),
    };
  }
  const confirm = { Action: 'ConfirmSubscription', TopicArn: topic, Token: token ?? '' };
  return { ...common, Token: token, Message: message, SubscribeURL: linkOf(origin, confirm), Timestamp };
}

function attributesOf(attributes: MessageAttributes): object {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [name, { Type: type, Value: value }]),
  );
}

function linkOf(origin: string, parameters: Readonly<Record<string, string>>): string {
  return `${origin}/?${new URLSearchParams(parameters)}`;
}
