/** Whether the buckets that a replication configuration is about are as it needs them. */
import { EngineError } from '../../engine/errors.ts';
import type { ReplicationConfiguration, ReplicationRule } from '../../engine/replication/configuration.ts';
import type { Bucket } from '../../engine/types.ts';
import { invalidRequest } from '../lifecycle/refusals.ts';
import type { OperationRequest } from '../operation.ts';
import { arnPrefix } from './read-destination.ts';

/** Throws InvalidRequest. What is elsewhere is not asked: whether it is as it must be shows when something is replicated. */
export async function checkBuckets(request: OperationRequest, { rules }: ReplicationConfiguration): Promise<void> {
  const source = request.bucket();
  if (source.versioning !== 'Enabled') {
    throw invalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration");
  }
  const byArn = new Map(rules.map(({ destination }) => [destination.bucket, destination]));
  for (const destination of byArn.values()) await checkDestination(request, source, destination);
}

async function checkDestination(
  { engine, replication }: OperationRequest,
  source: Bucket,
  { bucket: arn, account }: ReplicationRule['destination'],
): Promise<void> {
  if (replication.elsewhere.has(arn)) return;
  const name = arn.slice(arnPrefix.length);
  if (name === source.name) throw invalidRequest('Destination bucket cannot be the same as the source bucket.');
  const bucket = await found(() => engine.buckets.get(name));
  if (bucket === undefined) {
    throw invalidRequest(
      `Destination bucket must exist. There is no bucket ${name} here, and replication.destinations of the configuration does not name ${arn}`,
    );
  }
  if (bucket.versioning !== 'Enabled') throw invalidRequest('Destination bucket must have versioning enabled.');
  if (account !== undefined && account !== replication.accountOf(bucket.owner)) {
    throw invalidRequest('The account does not own the destination bucket');
  }
}

async function found(get: () => Promise<Bucket>): Promise<Bucket | undefined> {
  try {
    return await get();
  } catch (error) {
    if (error instanceof EngineError && error.code === 'NoSuchBucket') return undefined;
    throw error;
  }
}
