/** Whether the targets that rules name are there. */
import type { EventRule } from '../../engine/events/rules.ts';
import { invalid } from './read-rules.ts';

const serviceOf = { topic: 'sns', queue: 'sqs', function: 'lambda', bus: 'events' } as const;

/** Throws InvalidArgument for a rule whose target is not configured, or is of another kind. */
export function checkTargets(rules: readonly EventRule[], targets: ReadonlySet<string>): void {
  for (const { kind, target } of rules) {
    if (targets.has(target) && serviceIn(target) === serviceOf[kind]) continue;
    throw invalid('Unable to validate the following destination configurations', {
      [target]: `The destination ${kind} does not exist: the server's configuration names no such target`,
    });
  }
}

/** ARN of the event bus, if one is configured. */
export function busTargetOf(targets: ReadonlySet<string>): string | undefined {
  return [...targets].find((arn) => serviceIn(arn) === 'events');
}

function serviceIn(arn: string): string | undefined {
  return arn.split(':')[2];
}
