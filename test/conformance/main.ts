/**
 * `npm run conformance -- DIR [--runner FILE] [--out FILE] [--jobs N] [-- PYTEST ARGUMENTS]`
 *
 * Starts the server on a fresh data folder and runs a checkout of ceph/s3-tests in DIR against it, by the runner script,
 * which needs Python with pytest, boto3 and requests. Then compares with expected-failures.json: a failure that is
 * not listed is an error, and so is a listed one that passes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startDaemon } from '../support/daemon.ts';
import { suiteAccounts, suiteArguments } from './users.ts';
import { compare, readExpectedFailures, readOutcomes } from './verdict.ts';

const defaultRunner = fileURLToPath(new URL('../../../shared/tools/s3-tests', import.meta.url));

async function main(): Promise<number> {
  const separator = process.argv.indexOf('--');
  const own = process.argv.slice(2, separator === -1 ? undefined : separator);
  const pytest = separator === -1 ? [] : process.argv.slice(separator);
  const { values, positionals } = parseArgs({
    args: own,
    allowPositionals: true,
    options: {
      runner: { type: 'string', default: defaultRunner },
      out: { type: 'string', default: 'result.json' },
      jobs: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    },
  });
  const [suite, ...rest] = positionals;
  if (suite === undefined || rest.length > 0) return complain('Usage: npm run conformance -- DIR [--runner FILE]');
  if (!existsSync(resolve(suite, 's3tests.conf.SAMPLE'))) return complain(`${suite} is no checkout of ceph/s3-tests`);
  if (!existsSync(values.runner)) return complain(`There is no runner at ${values.runner}: name it with --runner FILE`);

  const out = resolve(values.out);
  const code = await runSuite({ runner: values.runner, suite, out, jobs: values.jobs, pytest });
  if (code !== 0) return complain(`The runner ended with ${code}`);
  const list = await readFile(new URL('expected-failures.json', import.meta.url), 'utf8');
  const verdict = compare(readOutcomes(await readFile(out, 'utf8')), readExpectedFailures(list));
  process.stdout.write(`${verdict.text}\n`);
  return verdict.isRight ? 0 : 1;
}

interface SuiteRun {
  readonly runner: string;
  readonly suite: string;
  readonly out: string;
  readonly jobs: string;
  readonly pytest: readonly string[];
}

/** How long a day of a lifecycle rule is to the server and to the suite. */
const lifecycleDaySeconds = '2';

/** Where the suite makes a bucket to be told where it is; the server's own region has no name there. */
const otherRegion = 'us-west-2';

/** Classes that rules of the suite move objects to: those that AWS's rules let small objects move to, a day after they were made. */
const storageClasses = 'GLACIER, DEEP_ARCHIVE';
/** Copies between all classes and ways to encrypt: hundreds that the suite does not expect of AWS either. */
const leftOut = 'not storage_class';

/** The suite wants the key that it names told as it names it; S3 tells ARNs, so it is given these. */
const kmsKeys = ['testkey-1', 'testkey-2'];
const keyArguments = ['--kms-keyid', '--kms-keyid2'].flatMap((argument, at) => {
  return [argument, `arn:aws:kms:us-east-1:000000000000:key/${kmsKeys[at]}`];
});

/** Runs the suite against a server of its own and returns the runner's exit code. */
async function runSuite({ runner, suite, out, jobs, pytest }: SuiteRun): Promise<number | null> {
  // The suite was written for buckets as they were made before 2023, and signs some requests as was done before 2014.
  const time = { dayLength: `${lifecycleDaySeconds}s` };
  const encryption = { kms: { keys: kmsKeys.map((id) => ({ id })) } };
  const config = JSON.stringify({
    ...{ bucketDefaults: 'legacy', signatureVersion2: true, accounts: suiteAccounts(), time, encryption },
    otherRegions: [otherRegion],
  });
  await using daemon = await startDaemon({ config, environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
  const where = ['--suite', suite, '--endpoint', daemon.endpoint, '--out', out, '--jobs', jobs];
  const child = spawn(
    'python3',
    [
      ...[runner, ...where, ...suiteArguments(daemon)],
      ...[...keyArguments, '--api-name', otherRegion],
      ...['--lc-debug-interval', lifecycleDaySeconds, '--storage-classes', storageClasses, '-m', leftOut, ...pytest],
    ],
    {
      stdio: 'inherit',
    },
  );
  await once(child, 'exit');
  return child.exitCode;
}

function complain(text: string): number {
  process.stderr.write(`${text}\n`);
  return 2;
}

process.exitCode = await main();
