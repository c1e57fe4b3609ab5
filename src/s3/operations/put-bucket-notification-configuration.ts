/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html */
import { type EventRule, writeEventRules } from '../../engine/events/rules.ts';
import { busTargetOf, checkTargets } from '../events/check-targets.ts';
import { readEventRules } from '../events/read-rules.ts';
import { operation } from '../operation.ts';

export const putBucketNotificationConfiguration = operation({
  name: 'PutBucketNotificationConfiguration',
  supports: ['NotificationConfiguration', 'SkipDestinationValidation'],
  async run(request, { NotificationConfiguration, SkipDestinationValidation = false }) {
    const { engine, eventTargets } = request;
    const bucket = request.bucket();
    const rules = readEventRules(NotificationConfiguration, busTargetOf(eventTargets));
    if (!SkipDestinationValidation) checkTargets(rules, eventTargets, bucket);
    await writeEventRules(engine.buckets, bucket, rules);
    const { requestId, hostId } = request.cause();
    const tested = SkipDestinationValidation ? [] : testedTargets(rules);
    if (tested.length > 0) await engine.outbox.postTests(tested, { bucket: bucket.name, requestId, hostId });
    return { output: {} };
  },
});

/** Topics and queues are sent a test message, once each. */
function testedTargets(rules: readonly EventRule[]): string[] {
  const tested = rules.filter(({ kind }) => kind === 'topic' || kind === 'queue');
  return [...new Set(tested.map(({ target }) => target))];
}
