import { expect, test } from 'vitest';
import type { TopicMessage } from '../engine/types.ts';
import { messageOf } from './message.ts';

test('a message of a topic from before there were signatures → its envelope without one', () => {
  const topic = 'arn:aws:sns:us-east-1:000000000000:topic';
  const event: TopicMessage = {
    ...{ event: 'Notification', atMs: 0, bucket: 'b', key: 'k', topic, subscription: `${topic}:1` },
    ...{ messageId: 'id', message: 'text', isRaw: false, origin: 'http://localhost' },
  };
  expect(JSON.parse(messageOf('arn', event, () => ''))).toEqual({
    ...{
      Type: 'Notification',
      MessageId: 'id',
      TopicArn: topic,
      Message: 'text',
      Timestamp: '1970-01-01T00:00:00.000Z',
    },
    UnsubscribeURL: `http://localhost/?${new URLSearchParams({ Action: 'Unsubscribe', SubscriptionArn: `${topic}:1` })}`,
  });
});
