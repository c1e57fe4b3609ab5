/** Topics, as boto3's sns client makes and filters them. */
import { useDaemon } from '../support/use-daemon.ts';
import { describeChecks } from './python-checks.ts';

describeChecks('boto3-topic-checks.py', useDaemon(), 9);
