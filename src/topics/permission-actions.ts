/** Statements of a topic's policy by label. https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html */
import { withoutPermission, withPermission } from '../iam/policy/resource-policy.ts';
import { invalidParameter, noTopic, parseTopicArn, topicAction } from './action.ts';
import { withTopicAttribute } from './topic-attributes.ts';
import { policyTextOf } from './topic-policy.ts';

export const permissionActions = [
  topicAction({
    name: 'AddPermission',
    supports: ['TopicArn', 'Label', 'AWSAccountId', 'ActionName'],
    async run({ topics, require }, { TopicArn, Label, AWSAccountId, ActionName }) {
      const named = parseTopicArn(topics, TopicArn);
      require({ action: 'sns:AddPermission', arn: TopicArn });
      if (!/^[\w-]{1,80}$/.test(Label)) throw invalidParameter('Label');
      if (AWSAccountId.length === 0 || !AWSAccountId.every((id) => /^\d{12}$/.test(id))) {
        throw invalidParameter('AWSAccountId');
      }
      if (ActionName.length === 0 || !ActionName.every((name) => /^(\*|[A-Za-z]+)$/.test(name))) {
        throw invalidParameter('ActionName');
      }
      const actions = ActionName.map((name) => `SNS:${name}`);
      const permission = { label: Label, accountIds: AWSAccountId, actions, resource: TopicArn };
      return topics.book.change(named, (record) => {
        if (record === undefined) throw noTopic();
        const now = policyTextOf({ arn: TopicArn, accountId: named.accountId, record });
        const value = withPermission(now, permission);
        if (value === undefined) throw invalidParameter('Statement already exists');
        return { record: withTopicAttribute(record, { name: 'Policy', value, topics }), result: {} };
      });
    },
  }),

  topicAction({
    name: 'RemovePermission',
    supports: ['TopicArn', 'Label'],
    async run({ topics, require }, { TopicArn, Label }) {
      const named = parseTopicArn(topics, TopicArn);
      require({ action: 'sns:RemovePermission', arn: TopicArn });
      return topics.book.change(named, (record) => {
        if (record === undefined) throw noTopic();
        const now = policyTextOf({ arn: TopicArn, accountId: named.accountId, record });
        const value = withoutPermission(now, { label: Label });
        return {
          record: value === undefined ? record : withTopicAttribute(record, { name: 'Policy', value, topics }),
          result: {},
        };
      });
    },
  }),
];
