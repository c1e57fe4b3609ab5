/** Publishing. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
import { type GivenAttribute, readAttributes, sizeOf } from '../events/message-attributes.ts';
import { IamError } from '../iam/errors.ts';
import { randomHex } from '../lib/ids.ts';
import { invalidParameter, noTopic, parseTopicArn, type TopicCall, topicAction } from './action.ts';
import { messageIdOf, messagesOf, type Publication } from './publications.ts';
import type { Topic } from './topic-book.ts';

/** Of a message, and of all in a batch. */
const messageBytesMax = 256 * 1024;
const batchMax = 10;
const idBytes = 16;

interface Given {
  readonly Message: string;
  readonly Subject?: string | undefined;
  readonly MessageStructure?: string | undefined;
  readonly MessageAttributes?: Readonly<Record<string, GivenAttribute>> | undefined;
}

export const publishActions = [
  topicAction({
    name: 'Publish',
    supports: ['TopicArn', 'TargetArn', 'Message', 'Subject', 'MessageStructure', 'MessageAttributes'],
    async run(call, { TopicArn, TargetArn, ...given }) {
      const topic = publishable(call, TopicArn ?? TargetArn ?? '');
      const publication = publicationOf(given, call.nowMs);
      await post(call, topic, [publication]);
      return { MessageId: publication.messageId };
    },
  }),

  topicAction({
    name: 'PublishBatch',
    supports: ['TopicArn', 'PublishBatchRequestEntries'],
    async run(call, { TopicArn, PublishBatchRequestEntries: entries }) {
      const topic = publishable(call, TopicArn);
      if (entries.length === 0)
        throw new IamError('EmptyBatchRequest', "The batch request doesn't contain any entries.");
      if (entries.length > batchMax) {
        const message = `The batch request contains more entries than permissible: ${entries.length}, where ${batchMax} are.`;
        throw new IamError('TooManyEntriesInBatchRequest', message);
      }
      const ids = entries.map(({ Id }) => Id ?? '');
      if (new Set(ids).size < ids.length) {
        const message = 'Two or more batch entries in the request have the same Id.';
        throw new IamError('BatchEntryIdsNotDistinct', message);
      }
      if (!ids.every((id) => /^[\w-]{1,80}$/.test(id))) {
        const message =
          'A batch entry id can only contain alphanumeric characters, hyphens and underscores, 80 at most.';
        throw new IamError('InvalidBatchEntryId', message);
      }
      const publications = entries.map((entry) => {
        if ((entry.MessageDeduplicationId ?? entry.MessageGroupId) !== undefined) {
          throw new IamError('NotImplemented', 'An entry has no MessageDeduplicationId and no MessageGroupId here.');
        }
        return publicationOf({ ...entry, Message: entry.Message ?? '' }, call.nowMs);
      });
      if (publications.reduce((sum, { bytes }) => sum + bytes, 0) > messageBytesMax) {
        const message = 'The length of all the batch messages put together is more than the limit.';
        throw new IamError('BatchRequestTooLong', message);
      }
      await post(call, topic, publications);
      return {
        Successful: publications.map(({ messageId }, at) => ({ Id: ids[at] ?? '', MessageId: messageId })),
        Failed: [],
      };
    },
  }),
];

function publishable({ topics, require }: TopicCall, arn: string): Topic {
  parseTopicArn(topics, arn);
  require({ action: 'sns:Publish', arn });
  const topic = topics.book.find(arn);
  if (topic === undefined) throw noTopic();
  return topic;
}

/** What is published together is sent by one commit. */
async function post({ topics }: TopicCall, topic: Topic, publications: readonly Publication[]): Promise<void> {
  const messages = await Promise.all(publications.map((publication) => messagesOf(topic, publication, topics)));
  if (messages.flat().length > 0) await topics.outbox.post(messages.flat());
}

function publicationOf(given: Given, atMs: number): Publication & { readonly bytes: number } {
  const { Message, Subject, MessageStructure, MessageAttributes = {} } = given;
  if (Message === '') throw invalidParameter('Empty message');
  const attributes = readAttributes(MessageAttributes, (why) => new IamError('ParameterValueInvalid', why));
  const bytes = sizeOf(Message, attributes);
  if (bytes > messageBytesMax) throw invalidParameter('Message too long');
  if (Subject !== undefined && !/^[\x20-\x7e]{1,100}$/.test(Subject)) throw invalidParameter('Subject');
  if (MessageStructure !== undefined && MessageStructure !== 'json') throw invalidParameter('MessageStructure');
  const textFor = MessageStructure === undefined ? () => Message : byProtocol(Message);
  return {
    ...{ messageId: messageIdOf(randomHex(idBytes)), subject: Subject, textFor, atMs, bytes },
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
}

/** A message that says something else to each protocol. */
function byProtocol(message: string): (protocol: string) => string {
  let given: unknown;
  try {
    given = JSON.parse(message);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidParameter('Message Structure - JSON message body failed to parse');
  }
  const texts = new Map<string, unknown>(Object.entries(Object(given)));
  const byDefault = texts.get('default');
  if (typeof byDefault !== 'string')
    throw invalidParameter('Message Structure - No default entry in JSON message body');
  return (protocol) => {
    const own = texts.get(protocol);
    return typeof own === 'string' ? own : byDefault;
  };
}
