/**
 * Notification configurations as clients put them: read, and refused as AWS refuses them.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
 */
import type * as S3 from '@aws-sdk/client-s3';
import type { EventRule } from '../../engine/events/rules.ts';
import { randomBase64 } from '../../lib/ids.ts';
import { S3Error } from '../errors.ts';
import { decodeForm } from '../form-encoding.ts';
import { eventNames } from './event-names.ts';

const idLengthMax = 255;
const idBytes = 36;
const filterBytesMax = 1024;
const rulesMax = 100;
/** Id of the rule that EventBridge's part of a configuration is. */
const busRuleId = 'EventBridge';

const overlap = 'Configurations overlap. Configurations on the same bucket cannot share a common event type.';

type Given = Pick<S3.QueueConfiguration, 'Id' | 'Filter' | 'Events'> & { readonly target: string | undefined };

/** Throws InvalidArgument, InvalidRequest, NotImplemented. `busTarget` is where events for EventBridge go; undefined where nothing takes them. */
export function readEventRules(given: S3.NotificationConfiguration, busTarget: string | undefined): EventRule[] {
  const rules = [
    ...(given.TopicConfigurations ?? []).map((one) => readRule('topic', { ...one, target: one.TopicArn })),
    ...(given.QueueConfigurations ?? []).map((one) => readRule('queue', { ...one, target: one.QueueArn })),
    ...(given.LambdaFunctionConfigurations ?? []).map((one) =>
      readRule('function', { ...one, target: one.LambdaFunctionArn }),
    ),
  ];
  if (rules.length > rulesMax) {
    throw new S3Error('InvalidRequest', {
      message: `Too many configurations submitted. The maximum number of configurations is ${rulesMax}`,
    });
  }
  refuseSameIds(rules);
  refuseOverlaps(rules);
  return given.EventBridgeConfiguration === undefined ? rules : [...rules, busRule(busTarget)];
}

function busRule(target: string | undefined): EventRule {
  if (target === undefined) {
    throw new S3Error('NotImplemented', {
      message: 'No event bus is configured here: name one among events.targets of the configuration.',
      fields: { Header: 'EventBridgeConfiguration' },
    });
  }
  return { kind: 'bus', id: busRuleId, target, events: ['s3:*'], filters: [], prefix: '', suffix: '' };
}

function readRule(kind: EventRule['kind'], { Id, Filter, Events = [], target = '' }: Given): EventRule {
  const id = Id === undefined || Id === '' ? randomBase64(idBytes) : Id;
  if (id.length > idLengthMax) throw invalid(`Value of Id cannot exceed ${idLengthMax} characters`, { Id: id });
  checkArn(kind, target);
  if (Events.length === 0) throw new S3Error('MalformedXML');
  for (const event of Events) checkEvent(event);
  refuseOverlapOfOne(Events);
  const filters = (Filter?.Key?.FilterRules ?? []).map(readFilter);
  return {
    ...{ kind, id, target, events: [...Events], filters },
    prefix: meaningOf(filters, 'prefix'),
    suffix: meaningOf(filters, 'suffix'),
  };
}

/** Also of a target whose validation is skipped. */
function checkArn(kind: EventRule['kind'], target: string): void {
  const [, service] = /^arn:[^:]+:([^:]+):[^:]*:[^:]*:.+$/.exec(target) ?? [];
  if (service !== serviceOf[kind]) throw invalid('The ARN could not be parsed', { [argumentOf[kind]]: target });
  if (kind === 'queue' && target.endsWith('.fifo')) throw invalid('FIFO SQS queues are not supported.');
}

const serviceOf = { topic: 'sns', queue: 'sqs', function: 'lambda', bus: 'events' } as const;
const argumentOf = { topic: 'Topic', queue: 'Queue', function: 'CloudFunction', bus: 'EventBridge' } as const;

function checkEvent(event: string): void {
  if (!eventNames.has(event)) throw invalid('A specified event is not supported for notifications.', { Event: event });
}

function readFilter({ Name, Value = '' }: S3.FilterRule): EventRule['filters'][number] {
  const name = Name?.toLowerCase();
  if (name !== 'prefix' && name !== 'suffix') {
    throw invalid('filter rule name must be either prefix or suffix', { FilterRule: Name ?? '' });
  }
  if (Buffer.byteLength(Value) > filterBytesMax) {
    throw invalid(`Size of filter rule value cannot exceed ${filterBytesMax} bytes in UTF-8 representation`, {
      FilterRule: Value,
    });
  }
  return { name, value: Value };
}

/** Clients write the characters of a key as in a URL, plus signs for spaces; what cannot be read so stands for itself. */
function meaningOf(filters: EventRule['filters'], name: 'prefix' | 'suffix'): string {
  const [one, another] = filters.filter((filter) => filter.name === name);
  if (another !== undefined) {
    throw invalid(`Cannot specify more than one ${name} rule in a filter.`, { FilterRule: name });
  }
  return one === undefined ? '' : (decodeForm(one.value) ?? one.value);
}

/** Of one rule: an event that is named twice, or among all of its kind. */
function refuseOverlapOfOne(events: readonly string[]): void {
  for (const [at, event] of events.entries()) {
    const other = events.slice(at + 1).find((another) => shareEvent({ events: [event] }, { events: [another] }));
    if (other !== undefined) throw invalid(overlap, { Event: `${event}, ${other}` });
  }
}

function refuseSameIds(rules: readonly EventRule[]): void {
  const ids = rules.map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) {
    throw invalid('Same ID used for multiple configurations. IDs must be unique', { Id: twice });
  }
}

function refuseOverlaps(rules: readonly EventRule[]): void {
  for (const [at, rule] of rules.entries()) {
    for (const other of rules.slice(at + 1)) {
      if (!shareEvent(rule, other) || !shareKeys(rule, other)) continue;
      if (rule.filters.length === 0 && other.filters.length === 0) {
        throw invalid(`${overlap} : [${rule.id}, ${other.id}]`);
      }
      throw invalid(
        'Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.',
      );
    }
  }
}

function shareEvent(rule: Pick<EventRule, 'events'>, other: Pick<EventRule, 'events'>): boolean {
  return rule.events.some((one) =>
    other.events.some((another) => covers({ wide: one, narrow: another }) || covers({ wide: another, narrow: one })),
  );
}

/** Whether all that one name stands for, another does. */
function covers({ wide, narrow }: { wide: string; narrow: string }): boolean {
  return wide.endsWith('*') ? narrow.startsWith(wide.slice(0, -1)) : wide === narrow;
}

function shareKeys(rule: EventRule, other: EventRule): boolean {
  const prefixes = rule.prefix.startsWith(other.prefix) || other.prefix.startsWith(rule.prefix);
  const suffixes = rule.suffix.endsWith(other.suffix) || other.suffix.endsWith(rule.suffix);
  return prefixes && suffixes;
}

/** `argument` has one entry, the name and the value that are wrong. */
export function invalid(message: string, argument: Readonly<Record<string, string>> = {}): S3Error {
  const [wrong] = Object.entries(argument);
  return new S3Error('InvalidArgument', {
    message,
    ...(wrong !== undefined && { fields: { ArgumentName: wrong[0], ArgumentValue: wrong[1] } }),
  });
}
