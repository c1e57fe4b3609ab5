/** The targets of events that are spoken to by AWS's APIs, as the configuration has them. */
import type { AwsSettings } from './config-aws-targets.ts';
import type { EventTarget } from './events/target.ts';
import { eventBridgeBus } from './events/targets/event-bridge-bus.ts';
import { lambdaFunction } from './events/targets/lambda.ts';
import { snsTopic } from './events/targets/sns.ts';
import { sqsQueue } from './events/targets/sqs.ts';
import type { Clock } from './lib/clock.ts';

/** Undefined for a target of another kind. */
export function openAwsTarget(
  arn: string,
  { sqs, sns, lambda, eventBridge }: AwsSettings,
  clock: Clock,
): EventTarget | undefined {
  const common = { arn, clock };
  if (sqs !== undefined) return sqsQueue({ ...common, ...sqs });
  if (sns !== undefined) return snsTopic({ ...common, ...sns });
  if (lambda !== undefined) return lambdaFunction({ ...common, ...lambda });
  if (eventBridge !== undefined) return eventBridgeBus({ ...common, ...eventBridge });
  return undefined;
}
