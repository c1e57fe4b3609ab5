/** Notices that go with commands: who is told of the change, decided before it is submitted. */
import type { Notice } from '../../meta/commands.ts';
import type { Bucket, EventCause, EventFacts } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import { knownEventRules, readEventRules, toldOf } from './rules.ts';

/** The notice of an event on a key, if anybody is told of it. In the tick of the command's `submit`. */
export type Noticing = (event: string, key: string, facts?: EventFacts) => { readonly notice?: Notice };

const nobody: Noticing = () => ({});

/**
 * How the changes of a request are told. Nobody is told of what has no cause, such as the making anew of an index, and of
 * requests that found their bucket before it had its rules.
 */
export async function noticing(
  { index, clock }: Pick<EngineContext, 'index' | 'clock'>,
  bucket: Bucket,
  cause: EventCause | undefined,
): Promise<Noticing> {
  if (cause === undefined) return nobody;
  const getConfig = (_: Bucket, kind: string) => index.getBucketConfig(bucket.id, kind);
  const rules = knownEventRules(bucket) ?? (await readEventRules({ getConfig }, bucket));
  if (rules.length === 0) return nobody;
  return (event, key, facts) => {
    const to = toldOf(rules, { event, key });
    return to.length === 0 ? {} : { notice: { event, cause, atMs: clock.nowMs(), ...(facts && { facts }), to } };
  };
}
