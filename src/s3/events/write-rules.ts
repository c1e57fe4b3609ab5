/** Notification configurations as clients get them. */
import type * as S3 from '@aws-sdk/client-s3';
import type { EventRule } from '../../engine/events/rules.ts';

/** What a client is shown of a bucket's rules; members of which there are none are left out. */
export function writeEventRules(rules: readonly EventRule[]): S3.NotificationConfiguration {
  const ofKind = (kind: EventRule['kind']) => rules.filter((rule) => rule.kind === kind);
  return {
    TopicConfigurations: ofKind('topic').map((rule) => ({ ...shown(rule), TopicArn: rule.target })),
    QueueConfigurations: ofKind('queue').map((rule) => ({ ...shown(rule), QueueArn: rule.target })),
    LambdaFunctionConfigurations: ofKind('function').map((rule) => ({
      ...shown(rule),
      LambdaFunctionArn: rule.target,
    })),
    ...(ofKind('bus').length > 0 && { EventBridgeConfiguration: {} }),
  };
}

const shownNames = { prefix: 'Prefix', suffix: 'Suffix' };

function shown({ id, events, filters }: EventRule): Pick<S3.QueueConfiguration, 'Id' | 'Events' | 'Filter'> {
  // S3 answers the names with capitals, however they came; its model does not have them so.
  const FilterRules = filters.map(({ name, value }) => ({ Name: shownNames[name] as S3.FilterRuleName, Value: value }));
  return {
    Id: id,
    // What the rule was given with, so names of the model.
    Events: events as S3.Event[],
    ...(filters.length > 0 && { Filter: { Key: { FilterRules } } }),
  };
}
