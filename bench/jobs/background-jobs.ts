/** Background work beside which clients are measured: how it is configured, run and ended. */
import { setTimeout as pause } from 'node:timers/promises';
import { millionBucket } from '../works/million-keys.ts';
import type { Operator } from './operator.ts';

export interface BackgroundJob {
  readonly name: string;
  readonly title: string;
  prepare(operator: Operator): Promise<void>;
  run(operator: Operator): Promise<void>;
  end(operator: Operator): Promise<void>;
}

const source = `/${millionBucket}`;
const foreground = '/foreground';
const reports = 'reports';

/** Every object is old enough to be looked at; in two directories of a thousand each something is done to them. */
const lifecycleRules = `<LifecycleConfiguration>
  <Rule><ID>none</ID><Status>Enabled</Status><Filter><ObjectSizeGreaterThan>1000000</ObjectSizeGreaterThan></Filter>
    <Expiration><Date>2020-01-01T00:00:00Z</Date></Expiration></Rule>
  <Rule><ID>gone</ID><Status>Enabled</Status><Filter><Prefix>d000/</Prefix></Filter>
    <Expiration><Date>2020-01-01T00:00:00Z</Date></Expiration></Rule>
  <Rule><ID>moved</ID><Status>Enabled</Status>
    <Filter><And><Prefix>d500/</Prefix><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></And></Filter>
    <Transition><Days>0</Days><StorageClass>GLACIER_IR</StorageClass></Transition></Rule>
</LifecycleConfiguration>`;

const lifecycle: BackgroundJob = {
  name: 'lifecycle',
  title: 'A lifecycle pass that looks at each of 1,000,000 versions, and removes 1,000',
  prepare: (operator) => configure(operator, `${source}`, 'lifecycle', lifecycleRules),
  async run(operator) {
    expectAll('lifecycle', await operator.run('lifecycle'), 'lookedAt');
  },
  end: async (operator) => {
    await operator.send({ method: 'DELETE', path: source, query: 'lifecycle=' });
  },
};

function inventory(format: 'CSV' | 'Parquet'): BackgroundJob {
  const id = format.toLowerCase();
  const fields = ['Size', 'LastModifiedDate', 'StorageClass', 'ETag', 'ObjectOwner'];
  const configuration = `<InventoryConfiguration><Id>${id}</Id><IsEnabled>true</IsEnabled>
    <Destination><S3BucketDestination><Bucket>arn:aws:s3:::${reports}</Bucket><Format>${format}</Format></S3BucketDestination></Destination>
    <Schedule><Frequency>Daily</Frequency></Schedule><IncludedObjectVersions>All</IncludedObjectVersions>
    <OptionalFields>${fields.map((field) => `<Field>${field}</Field>`).join('')}</OptionalFields></InventoryConfiguration>`;
  return {
    name: `inventory-${id}`,
    title: `An inventory report of 1,000,000 objects in ${format}`,
    async prepare(operator) {
      await allowDelivery(operator);
      await configure(operator, source, `id=${id}&inventory`, configuration);
    },
    async run(operator) {
      expectAll('inventory', await operator.run('inventory'), 'rows');
    },
    end: async (operator) => {
      await operator.send({ method: 'DELETE', path: source, query: `id=${id}&inventory=` });
    },
  };
}

const logRuns = 10;

const accessLogs: BackgroundJob = {
  name: 'access-logs',
  title: 'Access logs of all these requests, delivered every second',
  prepare: allowDelivery,
  async run(operator) {
    const target = `<TargetBucket>${reports}</TargetBucket><TargetPrefix>logs/</TargetPrefix>`;
    await configure(operator, foreground, 'logging', loggingStatus(`<LoggingEnabled>${target}</LoggingEnabled>`));
    for (let run = 0; run < logRuns; run++) {
      await pause(1000);
      await operator.run('access-logs');
    }
  },
  end: (operator) => configure(operator, foreground, 'logging', loggingStatus('')),
};

export const backgroundJobs: readonly BackgroundJob[] = [inventory('CSV'), inventory('Parquet'), lifecycle, accessLogs];

function loggingStatus(text: string): string {
  return `<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${text}</BucketLoggingStatus>`;
}

async function configure(operator: Operator, path: string, query: string, body: string): Promise<void> {
  await operator.send({ method: 'PUT', path, query: `${query}=`, body });
}

async function allowDelivery(operator: Operator): Promise<void> {
  const Principal = { Service: ['s3.amazonaws.com', 'logging.s3.amazonaws.com'] };
  const statement = { Effect: 'Allow', Principal, Action: 's3:PutObject', Resource: `arn:aws:s3:::${reports}/*` };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await operator.send({ method: 'PUT', path: `/${reports}`, query: 'policy=', body: policy });
}

/** A job that did nothing would disturb nobody. */
function expectAll(job: string, details: Readonly<Record<string, string | number>>, figure: string): void {
  if (Number(details[figure]) >= 900_000) return;
  throw new Error(`${job} did not come to all objects: ${JSON.stringify(details)}`);
}
