/** Whether the targets that rules name are there. */
import type { EventRule } from '../../engine/events/rules.ts';
import type { Bucket } from '../../engine/types.ts';
import { S3Error } from '../errors.ts';
import { invalid } from './read-rules.ts';

/** What events can be sent to. */
export interface EventTargets {
  /** ARNs of the targets that the configuration names. */
  readonly configured: ReadonlySet<string>;
  /** Whether a queue here takes events of a bucket. */
  queue(arn: string, bucket: Pick<Bucket, 'name' | 'owner'>): TargetAnswer;
  /** Whether a topic that was made by API does. */
  topic(arn: string, bucket: Pick<Bucket, 'name' | 'owner'>): TargetAnswer;
}

/** What was made by API may be another account's, whose policy does not say so. */
export type TargetAnswer = 'absent' | 'taken' | 'refused' | 'refused elsewhere';

/**
 * Throws InvalidArgument for rules whose target is not there, or takes nothing of the bucket; AccessDenied where the
 * account that has it would have to allow that.
 */
export function checkTargets(
  rules: readonly EventRule[],
  { configured, queue, topic }: EventTargets,
  bucket: Bucket,
): void {
  const wrong = new Map<string, string>();
  for (const { kind, target } of rules) {
    if (configured.has(target)) continue;
    const answer = kind === 'topic' ? topic(target, bucket) : kind === 'queue' ? queue(target, bucket) : 'absent';
    if (answer === 'taken') continue;
    if (answer === 'refused elsewhere') throw new S3Error('AccessDenied');
    if (answer === 'absent' && regionIn(target) !== bucket.region) throw invalid(otherRegion);
    wrong.set(
      target,
      answer === 'refused'
        ? `Permissions on the destination ${kind} do not allow S3 to publish notifications from this bucket`
        : `The destination ${kind} does not exist`,
    );
  }
  if (wrong.size === 0) return;
  throw new S3Error('InvalidArgument', {
    message: 'Unable to validate the following destination configurations',
    fields: argumentFields([...wrong]),
  });
}

const otherRegion = 'The notification destination service region is not valid for the bucket location constraint';

/** Several arguments that are wrong are numbered. */
function argumentFields(wrong: readonly (readonly [name: string, value: string])[]): Record<string, string> {
  const numberOf = (at: number) => (wrong.length === 1 ? '' : String(at + 1));
  return Object.fromEntries(
    wrong.flatMap(([name, value], at) => [
      [`ArgumentName${numberOf(at)}`, name],
      [`ArgumentValue${numberOf(at)}`, value],
    ]),
  );
}

/** ARN of the event bus, if one is configured. */
export function busTargetOf({ configured }: EventTargets): string | undefined {
  return [...configured].find((arn) => arn.split(':')[2] === 'events');
}

function regionIn(arn: string): string | undefined {
  return arn.split(':')[3];
}
