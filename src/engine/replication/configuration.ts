/** Replication rules of a bucket: their form, and where a change goes by them. Whoever puts them has checked them. */
import { z } from 'zod';
import type { ObjectEncryption } from '../../meta/object-encryption.ts';
import type { ReplicationKind, Tag } from '../../meta/records.ts';
import type { ReplicationRoute } from '../../meta/replication-commands.ts';
import { isUnderKms } from '../encryption/keyring.ts';

const tagSchema = z.strictObject({ key: z.string(), value: z.string() });
const ruleSchema = z.strictObject({
  id: z.string(),
  isEnabled: z.boolean(),
  /** How the client wrote the filter: as one element, as several in `And`, or, the old form, as the rule's own prefix. */
  form: z.enum(['filter', 'and', 'prefix']),
  /** Which objects the rule is for: those that have all of it. */
  prefix: z.string().optional(),
  tags: z.array(tagSchema),
  /** Of two rules for one destination the one with the larger number counts. */
  priority: z.int().optional(),
  /** Whether delete markers go too; absent if the client said nothing of it. */
  markers: z.boolean().optional(),
  /** Whether what was there before the rule goes too. */
  existing: z.boolean().optional(),
  /** Whether changes of tags and access control lists of replicas go back. */
  replicaModifications: z.boolean().optional(),
  /** Whether objects under keys of KMS go too; absent if the client said nothing of them. */
  kmsObjects: z.boolean().optional(),
  destination: z.strictObject({
    /** ARN. */
    bucket: z.string(),
    account: z.string().optional(),
    /** The replica belongs to the owner of the destination. */
    overridesOwner: z.boolean().optional(),
    storageClass: z.string().optional(),
    /** ARN of the key of KMS, or of its alias, that replicas of objects under such keys are under. */
    replicaKey: z.string().optional(),
    metrics: z.strictObject({ isEnabled: z.boolean(), minutes: z.int().optional() }).optional(),
    time: z.strictObject({ isEnabled: z.boolean(), minutes: z.int() }).optional(),
  }),
});
export const configurationSchema = z.strictObject({
  /** ARN. */
  role: z.string(),
  /** In the client's order. */
  rules: z.array(ruleSchema),
});

export type ReplicationRule = Readonly<z.infer<typeof ruleSchema>>;
export type ReplicationConfiguration = Readonly<z.infer<typeof configurationSchema>>;

/** Whether failures of a rule are told. */
export function isTracked(rule: ReplicationRule | undefined): boolean {
  const { metrics, time } = rule?.destination ?? {};
  return metrics?.isEnabled === true || time?.isEnabled === true;
}

/** A change that may be replicated. */
export interface RoutedChange {
  readonly key: string;
  readonly tags: readonly Tag[];
  readonly kind: ReplicationKind;
  /** It is about a replica: what rules made is not made again by rules. */
  readonly isReplica?: boolean;
  /** Of the version's bytes. */
  readonly encryption?: Pick<ObjectEncryption, 'kind'> | undefined;
}

/** Where rules have a change go: for each destination by the rule of the highest priority. */
export function routesOf(rules: readonly ReplicationRule[], change: RoutedChange): readonly ReplicationRoute[] {
  const chosen = new Map<string, ReplicationRule>();
  for (const rule of rules) {
    if (!isFor(rule, change)) continue;
    const rival = chosen.get(rule.destination.bucket);
    if (rival === undefined || (rule.priority ?? 0) > (rival.priority ?? 0)) chosen.set(rule.destination.bucket, rule);
  }
  return [...chosen.values()]
    .filter((rule) => takes(rule, change))
    .map(({ id, destination }) => ({
      ...{ destination: destination.bucket, rule: id },
      ...(destination.time?.isEnabled && { isTimed: true as const }),
    }));
}

/** Whether a rule selects objects that are encrypted so: those under keys of KMS only where it says so. */
export function selects(
  { kmsObjects }: Pick<ReplicationRule, 'kmsObjects'>,
  encryption: RoutedChange['encryption'],
): boolean {
  return !isUnderKms(encryption) || kmsObjects === true;
}

function isFor(rule: ReplicationRule, { key, kind, tags: given, encryption }: RoutedChange): boolean {
  const { isEnabled, prefix = '', tags } = rule;
  if (!isEnabled || !key.startsWith(prefix) || !selects(rule, encryption)) return false;
  // A marker has no tags.
  if (kind === 'marker') return tags.length === 0;
  return tags.every(({ key: name, value }) => given.some((tag) => tag.key === name && tag.value === value));
}

/** Rules of the old form replicate markers without being asked. */
function takes({ form, markers, replicaModifications }: ReplicationRule, { kind, isReplica }: RoutedChange): boolean {
  if (isReplica) return kind === 'attributes' && replicaModifications === true;
  return kind !== 'marker' || (markers ?? form === 'prefix');
}
