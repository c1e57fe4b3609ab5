/** Where changes of a request go: decided before the command is submitted, by the rules that the bucket then has. */
import type { Bucket, EventCause, Version } from '../../meta/records.ts';
import type { Replicate } from '../../meta/replication-commands.ts';
import type { EngineContext } from '../context.ts';
import { type RoutedChange, routesOf } from './configuration.ts';
import { knownReplication, readReplication } from './rules.ts';

/** Where a change goes, if it goes anywhere. In the tick of the command's `submit`. */
export type Routing = (change: RoutedChange) => { readonly replicate?: Replicate };

const nowhere: Routing = () => ({});

/**
 * How the changes of a request are replicated. What has no cause, such as the making anew of an index, goes nowhere, nor does
 * what happens in a bucket that keeps no versions.
 */
export async function routing(
  { index, clock }: EngineContext,
  bucket: Bucket,
  cause: EventCause | undefined,
): Promise<Routing> {
  if (cause === undefined || bucket.versioning !== 'Enabled' || knownReplication(bucket) === 'none') return nowhere;
  const getConfig = (_: Bucket, kind: string) => index.getBucketConfig(bucket.id, kind);
  const configuration = await readReplication({ getConfig }, bucket);
  if (configuration === undefined) return nowhere;
  return (change) => {
    const to = routesOf(configuration.rules, change);
    return to.length === 0 ? {} : { replicate: { atMs: clock.nowMs(), to } };
  };
}

/** Where a change goes of what is said of a version: of versions that were never replicated nothing does. */
export function routeOfAttributes(routeOf: Routing, { key, attributes }: Version): ReturnType<Routing> {
  const { replication, tags, encryption } = attributes;
  if (replication === undefined) return {};
  return routeOf({ key, tags, encryption, kind: 'attributes', isReplica: replication === 'REPLICA' });
}
