/** Queues of events, as boto3's sqs client fetches from them. */
import { useDaemon } from '../support/use-daemon.ts';
import { describeChecks } from './python-checks.ts';

const targets = ['one', 'two', 'three', 'four', 'five'].map((name) => ({
  arn: `arn:aws:sqs:us-east-1:000000000000:${name}`,
  queue: {},
}));
const daemon = useDaemon({ config: JSON.stringify({ events: { targets } }) });

describeChecks('boto3-queue-checks.py', daemon, 9);
describeChecks('boto3-queue-limit-checks.py', daemon, 2);
