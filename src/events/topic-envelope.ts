/**
 * What the subscriptions of a topic get: its messages in an envelope, and what such a one is told of itself.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 */
import type { MessageAttributes, TopicMessage } from '../engine/types.ts';

/** Members that are signed, in their order. */
const signedMembers = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];

type Members = Readonly<Record<string, string>>;

export function topicEnvelope(sent: TopicMessage): object {
  const { event, subscription, origin, signature, attributes = {} } = sent;
  return {
    ...membersOf(sent),
    ...(signature !== undefined && {
      SignatureVersion: signature.version,
      Signature: signature.text,
      SigningCertURL: `${origin}${signature.certificate}`,
    }),
    ...(event === 'Notification' && {
      UnsubscribeURL: linkOf(origin, { Action: 'Unsubscribe', SubscriptionArn: subscription }),
      ...(Object.keys(attributes).length > 0 && { MessageAttributes: attributesOf(attributes) }),
    }),
  };
}

/**
 * What the signature of a message is made of. It says nothing of the subscription of a notification, so all have the same one.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
 */
export function signedTextOf(sent: TopicMessage): string {
  const members = membersOf(sent);
  return signedMembers.flatMap((name) => (members[name] === undefined ? [] : [`${name}\n${members[name]}\n`])).join('');
}

/** Those that say what is sent. */
function membersOf({ event, messageId, topic, subject, message, atMs, token = '', origin }: TopicMessage): Members {
  const common = { Type: event, MessageId: messageId, TopicArn: topic };
  const Timestamp = new Date(atMs).toISOString();
  if (event === 'Notification') {
    return { ...common, ...(subject !== undefined && { Subject: subject }), Message: message, Timestamp };
  }
  const SubscribeURL = linkOf(origin, { Action: 'ConfirmSubscription', TopicArn: topic, Token: token });
  return { ...common, Token: token, Message: message, SubscribeURL, Timestamp };
}

function attributesOf(attributes: MessageAttributes): object {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [name, { Type: type, Value: value }]),
  );
}

function linkOf(origin: string, parameters: Members): string {
  return `${origin}/?${new URLSearchParams(parameters)}`;
}
