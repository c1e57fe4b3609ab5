/** Keys of KMS, as boto3's kms client makes and uses them. */
import { useDaemon } from '../support/use-daemon.ts';
import { describeChecks } from './python-checks.ts';

const keys = [{ id: 'given', alias: 'of-the-configuration', environment: 'GIVEN_KEY' }, { id: 'made' }];
const daemon = useDaemon({
  config: JSON.stringify({ encryption: { kms: { keys } } }),
  environment: { GIVEN_KEY: 'ab'.repeat(32) },
});

describeChecks('boto3-kms-checks.py', daemon, 8);
