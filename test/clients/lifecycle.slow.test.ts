/** Rules that act on the objects of boto3's users, in days of a second. */
import { useDaemon } from '../support/use-daemon.ts';
import { describeChecks } from './python-checks.ts';

const daemon = useDaemon({ config: 'time: { dayLength: 1s }' });

describeChecks('boto3-lifecycle-checks.py', daemon, 8);
