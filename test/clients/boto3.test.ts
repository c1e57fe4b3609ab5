/** boto3, new and old, as its users use S3, S3 Control, IAM and STS by it. */
import { useDaemon } from '../support/use-daemon.ts';
import { describeChecks } from './python-checks.ts';

const daemon = useDaemon();

describeChecks('boto3-checks.py', daemon, 17);
describeChecks('boto3-bucket-checks.py', daemon, 13);
describeChecks('boto3-iam-checks.py', daemon, 10);
