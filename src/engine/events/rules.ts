/** Which events of a bucket are told to whom: the bucket's notification configuration, kept as one of its documents. */
import { z } from 'zod';
import type { Notice } from '../../meta/commands.ts';
import type { Bucket } from '../../meta/records.ts';
import type { Buckets } from '../types.ts';

const kind = 'notification';

const filterSchema = z.strictObject({ name: z.enum(['prefix', 'suffix']), value: z.string() });
const ruleSchema = z.strictObject({
  /** In which kind of configuration it stands. */
  kind: z.enum(['topic', 'queue', 'function', 'bus']),
  id: z.string(),
  /** ARN of the target. */
  target: z.string(),
  /** By AWS's names, with `s3:`; `*` stands for all of a kind. */
  events: z.array(z.string()),
  /** As they were given. */
  filters: z.array(filterSchema),
  /** What they mean: how a key begins and ends. */
  prefix: z.string(),
  suffix: z.string(),
});
const documentSchema = z.array(ruleSchema);
export type EventRule = Readonly<z.infer<typeof ruleSchema>>;

const none: readonly EventRule[] = [];
/** By the bucket's value, which every change of a bucket or of its documents makes anew (`meta/hot-rows.ts`). */
const known = new WeakMap<Bucket, readonly EventRule[]>();

/** The bucket's rules where they were read before. */
export function knownEventRules(bucket: Bucket): readonly EventRule[] | undefined {
  return known.get(bucket);
}

/** The bucket's rules in their order; none if it has no configuration. */
export async function readEventRules(
  source: Pick<Buckets, 'getConfig'>,
  bucket: Bucket,
): Promise<readonly EventRule[]> {
  const document = await source.getConfig(bucket, kind);
  const rules = document === undefined ? none : documentSchema.parse(JSON.parse(document));
  known.set(bucket, rules);
  return rules;
}

/** Replaces the bucket's rules, which the caller has checked; none removes the configuration. */
export async function writeEventRules(buckets: Buckets, bucket: Bucket, rules: readonly EventRule[]): Promise<void> {
  await buckets.setConfig(bucket, kind, rules.length === 0 ? null : JSON.stringify(rules));
}

/**
 * How the names of events begin that EventBridge is told of: AWS has these, and no others there.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-mapping-troubleshooting.html
 */
const toldToBuses = [
  ...['ObjectCreated:', 'ObjectRemoved:', 'LifecycleExpiration:', 'ObjectRestore:', 'ObjectTagging:', 'ObjectAcl:'],
  ...['LifecycleTransition', 'IntelligentTiering'],
];

/** Whether a name of a rule stands for an event; `event` without `s3:`. */
function standsFor(name: string, { event }: { readonly event: string }): boolean {
  const wanted = name.slice('s3:'.length);
  return wanted.endsWith('*') ? event.startsWith(wanted.slice(0, -1)) : event === wanted;
}

/** Whom the rules have told of an event, without `s3:`, on a key. */
export function toldOf(rules: readonly EventRule[], happened: { event: string; key: string }): Notice['to'] {
  const { event, key } = happened;
  return rules
    .filter(
      ({ kind, events, prefix, suffix }) =>
        key.startsWith(prefix) &&
        key.endsWith(suffix) &&
        events.some((name) => standsFor(name, happened)) &&
        (kind !== 'bus' || toldToBuses.some((name) => event.startsWith(name))),
    )
    .map(({ id, target }) => ({ target, rule: id }));
}
