/** Lifecycle rules of a bucket: their form, and the document that keeps them. Whoever puts them has checked them. */
import { z } from 'zod';
import type { Bucket, Tag } from '../../meta/records.ts';
import type { Buckets } from '../types.ts';
import { type ColderClass, colderClasses } from './waterfall.ts';

/** Which objects a rule is for: those that have all of it. */
export interface RuleFilter {
  readonly prefix?: string | undefined;
  readonly tags: readonly Tag[];
  /** In bytes; an object must be larger than this. */
  readonly sizeGreaterThan?: number | undefined;
  /** In bytes; an object must be smaller than this. */
  readonly sizeLessThan?: number | undefined;
}

export type Expiration =
  /** So many days after the version was made. */
  | { readonly days: number }
  | { readonly dateMs: number }
  /** Delete markers that hide nothing any more go; with `false` nothing does. */
  | { readonly ofMarkers: boolean };

export interface NoncurrentExpiration {
  /** After the version became noncurrent. */
  readonly days: number;
  /** How many newer noncurrent versions there must be. */
  readonly newerVersions?: number | undefined;
}

export type Transition = { readonly storageClass: ColderClass } & (
  | { readonly days: number }
  | { readonly dateMs: number }
);

export interface NoncurrentTransition extends NoncurrentExpiration {
  readonly storageClass: ColderClass;
}

export interface LifecycleRule {
  readonly id: string;
  readonly isEnabled: boolean;
  /** How the client wrote the filter: as one element, as several in `And`, or, the old form, as the rule's own prefix. */
  readonly form: 'filter' | 'and' | 'prefix';
  readonly filter: RuleFilter;
  readonly expiration?: Expiration | undefined;
  readonly noncurrentExpiration?: NoncurrentExpiration | undefined;
  readonly transitions?: readonly Transition[] | undefined;
  readonly noncurrentTransitions?: readonly NoncurrentTransition[] | undefined;
  /** Days after which an upload that is not complete is aborted. */
  readonly abortUploadsDays?: number | undefined;
}

/** From which size on objects change their class, unless a rule's filter says it. */
export type MinimumSize = 'all_storage_classes_128K' | 'varies_by_storage_class';

export interface LifecycleConfiguration {
  /** In the client's order. */
  readonly rules: readonly LifecycleRule[];
  readonly transitionMinimumSize: MinimumSize;
}

/** Name of the document that keeps it. */
export const lifecycleKind = 'lifecycle';

const days = z.int().min(1);
const storageClass = z.enum(colderClasses);
const daysOrNone = z.int().min(0);
const configurationSchema = z.strictObject({
  transitionMinimumSize: z.enum(['all_storage_classes_128K', 'varies_by_storage_class']),
  rules: z.array(
    z.strictObject({
      id: z.string(),
      isEnabled: z.boolean(),
      form: z.enum(['filter', 'and', 'prefix']),
      filter: z.strictObject({
        prefix: z.string().optional(),
        tags: z.array(z.strictObject({ key: z.string(), value: z.string() })),
        sizeGreaterThan: z.int().optional(),
        sizeLessThan: z.int().optional(),
      }),
      expiration: z
        .union([
          z.strictObject({ days }),
          z.strictObject({ dateMs: z.int() }),
          z.strictObject({ ofMarkers: z.boolean() }),
        ])
        .optional(),
      noncurrentExpiration: z.strictObject({ days, newerVersions: z.int().min(1).optional() }).optional(),
      transitions: z
        .array(
          z.union([
            z.strictObject({ days: daysOrNone, storageClass }),
            z.strictObject({ dateMs: z.int(), storageClass }),
          ]),
        )
        .optional(),
      noncurrentTransitions: z
        .array(z.strictObject({ days: daysOrNone, newerVersions: z.int().min(1).optional(), storageClass }))
        .optional(),
      abortUploadsDays: days.optional(),
    }),
  ),
});

/** By the bucket's value, which every change of a bucket or of its documents makes anew (`meta/hot-rows.ts`). */
const known = new WeakMap<Bucket, LifecycleConfiguration>();
const none: LifecycleConfiguration = { rules: [], transitionMinimumSize: 'all_storage_classes_128K' };

/** What was read of late, so that a request that reads an object looks nothing up; undefined where it is to be read first. */
export function knownLifecycle(bucket: Bucket): LifecycleConfiguration | undefined {
  return known.get(bucket);
}

/** The configuration of a bucket; one without rules where there is none. */
export async function readLifecycle(
  buckets: Pick<Buckets, 'getConfig'>,
  bucket: Bucket,
): Promise<LifecycleConfiguration> {
  const recent = known.get(bucket);
  if (recent !== undefined) return recent;
  const document = await buckets.getConfig(bucket, lifecycleKind);
  const configuration = document === undefined ? none : configurationSchema.parse(JSON.parse(document));
  known.set(bucket, configuration);
  return configuration;
}

/** Replaces the configuration, or removes it. */
export async function writeLifecycle(
  buckets: Buckets,
  bucket: Bucket,
  configuration: LifecycleConfiguration | undefined,
): Promise<void> {
  await buckets.setConfig(bucket, lifecycleKind, configuration === undefined ? null : JSON.stringify(configuration));
}
