/**
 * The steps that a random sequence is made of: plain values, so that a script of them can be printed, shrunk and run again.
 * What a step picks from what is there (a version, an upload) is a number, taken modulo how many there are when it runs.
 */
import fc from 'fast-check';
import { type MovedTo, movedTo } from '../support/lifecycle-model.ts';

export const bucketNames = ['first', 'second', 'third'] as const;
export const keys = ['a', 'a/', 'a/b', 'a/b/c', 'a0', 'b c+%', 'é/1', 'é/2', '😀', '\uffff'] as const;
export const prefixes = ['', 'a', 'a/', 'é', 'none'] as const;
export const delimiters = ['', '/', 'b'] as const;

/** Background work that a step may make due at once; it goes on by itself too. */
export const jobNames = ['collect-garbage', 'compact', 'repair', 'scrub', 'snapshot'] as const;

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

export interface Content {
  readonly size: number;
  readonly seed: number;
}
export interface Place {
  readonly bucket: number;
  readonly key: number;
}
/** Where objects are put by clients: in every pool, in an archive of each. */
export const storageClasses = [
  'STANDARD',
  'EXPRESS_ONEZONE',
  'STANDARD_IA',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
] as const;
export type StorageClass = (typeof storageClasses)[number];
export type Condition = 'none' | 'absent' | 'match' | 'mismatch';

interface Written {
  readonly condition: Condition;
  readonly storageClass: StorageClass;
}

export type ObjectStep =
  | ({ readonly do: 'put'; readonly content: Content } & Written & Place)
  | ({ readonly do: 'copy'; readonly from: number } & Written & Place)
  | ({ readonly do: 'copy onto itself' } & Place)
  | ({ readonly do: 'delete'; readonly condition: Condition } & Place)
  | { readonly do: 'delete many'; readonly bucket: number; readonly keys: readonly number[] }
  | { readonly do: 'delete version'; readonly pick: number }
  | { readonly do: 'tag'; readonly pick: number; readonly value: number }
  | { readonly do: 'untag'; readonly pick: number }
  | { readonly do: 'restore'; readonly pick: number; readonly days: number; readonly tier: 'Standard' | 'Bulk' }
  | { readonly do: 'versioning'; readonly bucket: number; readonly isEnabled: boolean };

export type UploadStep =
  | ({ readonly do: 'create upload'; readonly storageClass: StorageClass } & Place)
  | { readonly do: 'put part'; readonly upload: number; readonly number: number; readonly content: Content }
  | { readonly do: 'copy part'; readonly upload: number; readonly number: number; readonly from: number }
  | { readonly do: 'complete'; readonly upload: number; readonly how: 'all' | 'some' | 'reversed' | 'wrong' }
  | { readonly do: 'complete again'; readonly pick: number }
  | { readonly do: 'abort'; readonly upload: number };

export type ReadStep =
  | { readonly do: 'get'; readonly pick: number; readonly start: number; readonly length: number }
  | ({ readonly do: 'get current' } & Place)
  | { readonly do: 'get part list'; readonly upload: number }
  | {
      readonly do: 'list' | 'list versions' | 'list uploads';
      readonly bucket: number;
      readonly prefix: number;
      readonly delimiter: number;
      readonly pageSize: number;
    };

/** What happens to the server: disks are named by their place among the three of a run that may be hurt. */
export type FaultStep =
  | { readonly do: 'run job'; readonly job: (typeof jobNames)[number] }
  | { readonly do: 'restart' | 'kill' }
  | ({ readonly do: 'kill during put'; readonly content: Content; readonly delayMs: number } & Place)
  | { readonly do: 'lose disks'; readonly disks: readonly number[] }
  | { readonly do: 'lose zone' | 'lose group' }
  | { readonly do: 'give back' }
  | { readonly do: 'copy disk' | 'give back old copy'; readonly disk: number }
  | { readonly do: 'flip bit' | 'cut file'; readonly disk: number; readonly file: number; readonly at: number };

/** Days of a rule: so many beside the age of a version or upload that is there. */
export interface Age {
  readonly pick: number;
  readonly more: number;
}

export type DrawnAction =
  | { readonly kind: 'expire' | 'abort uploads'; readonly age: Age }
  | { readonly kind: 'expire on a date'; readonly isPast: boolean }
  | { readonly kind: 'expire markers' }
  | { readonly kind: 'expire noncurrent'; readonly age: Age; readonly newer: number }
  | { readonly kind: 'move'; readonly age: Age; readonly to: MovedTo }
  | { readonly kind: 'move noncurrent'; readonly age: Age; readonly newer: number; readonly to: MovedTo };

export interface DrawnRule {
  readonly isEnabled: boolean;
  readonly prefix: number;
  /** What it looks at beside the prefix, where the action allows that: a tag that is there, or sizes. */
  readonly only: 'all' | 'tag' | { readonly largerThan: number } | { readonly smallerThan: number };
  readonly pick: number;
  readonly action: DrawnAction;
}

export interface LifecycleStep {
  readonly do: 'let rules act';
  readonly bucket: number;
  readonly rules: readonly DrawnRule[];
  /** How long after a pass has begun the server is killed, where it is. */
  readonly killAfterMs: number | null;
}

export type Step = ObjectStep | UploadStep | ReadStep | LifecycleStep | FaultStep;

const index = fc.nat({ max: 9999 });
const bucket = fc.nat({ max: bucketNames.length - 1 });
const place = { bucket, key: fc.nat({ max: keys.length - 1 }) };
const condition = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Condition>('none') },
  { weight: 3, arbitrary: fc.constantFrom<Condition>('absent', 'match', 'mismatch') },
);
/** Sizes on both sides of what is packed into shared stripes, and of what is streamed in one stripe or several. */
const size = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom(0, 1, 100, 5000, 70_000) },
  { weight: 6, arbitrary: fc.constantFrom(300_000, mebibyte, mebibyte + 1) },
  { weight: 2, arbitrary: fc.constantFrom(1536 * kibibyte, 3_200_001) },
);
const content = fc.record({ size, seed: fc.nat() });
const storageClass = fc.oneof(
  { weight: 3, arbitrary: fc.constant<StorageClass>('STANDARD') },
  { weight: 2, arbitrary: fc.constantFrom(...storageClasses) },
);
/** Now and then large enough to be followed by another. */
const partContent = fc.record({
  size: fc.oneof({ weight: 5, arbitrary: size }, { weight: 1, arbitrary: fc.constant(5 * mebibyte) }),
  seed: fc.nat(),
});
const partNumber = fc.integer({ min: 1, max: 3 });
const disk = fc.nat({ max: 2 });

/** The name of a step, as an arbitrary of its own type. */
const named = <T extends Step['do']>(name: T): fc.Arbitrary<T> => fc.constant(name);

const objectSteps: fc.WeightedArbitrary<Step>[] = [
  { weight: 20, arbitrary: fc.record({ do: named('put'), ...place, content, condition, storageClass }) },
  { weight: 8, arbitrary: fc.record({ do: named('copy'), ...place, from: index, condition, storageClass }) },
  { weight: 2, arbitrary: fc.record({ do: named('copy onto itself'), ...place }) },
  { weight: 8, arbitrary: fc.record({ do: named('delete'), ...place, condition }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: named('delete many'), bucket, keys: fc.array(place.key, { minLength: 1 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: named('delete version'), pick: index }) },
  { weight: 3, arbitrary: fc.record({ do: named('tag'), pick: index, value: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: named('untag'), pick: index }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: named('restore'),
      pick: index,
      // Some end soon, some not before the run does.
      days: fc.constantFrom(1, 20, 1_000_000),
      tier: fc.constantFrom('Standard' as const, 'Bulk' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: named('versioning'), bucket, isEnabled: fc.boolean() }) },
];

const how = fc.constantFrom('all', 'all', 'all', 'some', 'reversed', 'wrong');
const uploadSteps: fc.WeightedArbitrary<Step>[] = [
  { weight: 4, arbitrary: fc.record({ do: named('create upload'), ...place, storageClass }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: named('put part'), upload: index, number: partNumber, content: partContent }),
  },
  { weight: 3, arbitrary: fc.record({ do: named('copy part'), upload: index, number: partNumber, from: index }) },
  { weight: 6, arbitrary: fc.record({ do: named('complete'), upload: index, how }) },
  { weight: 1, arbitrary: fc.record({ do: named('complete again'), pick: index }) },
  { weight: 1, arbitrary: fc.record({ do: named('abort'), upload: index }) },
];

const listing = {
  bucket,
  prefix: fc.nat({ max: prefixes.length - 1 }),
  delimiter: fc.nat({ max: delimiters.length - 1 }),
  pageSize: fc.constantFrom(1, 2, 3, 1000),
};
const readSteps: fc.WeightedArbitrary<Step>[] = [
  { weight: 12, arbitrary: fc.record({ do: named('get'), pick: index, start: fc.nat(), length: fc.nat() }) },
  { weight: 6, arbitrary: fc.record({ do: named('get current'), ...place }) },
  { weight: 2, arbitrary: fc.record({ do: named('get part list'), upload: index }) },
  { weight: 5, arbitrary: fc.record({ do: named('list'), ...listing }) },
  { weight: 4, arbitrary: fc.record({ do: named('list versions'), ...listing }) },
  { weight: 2, arbitrary: fc.record({ do: named('list uploads'), ...listing }) },
];

const age = fc.record({ pick: index, more: fc.integer({ min: -2, max: 1 }) });
const newer = fc.nat({ max: 2 });
const kind = <K extends DrawnAction['kind']>(name: K): fc.Arbitrary<K> => fc.constant(name);
const action: fc.Arbitrary<DrawnAction> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: kind('expire'), age }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('expire on a date'), isPast: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('expire markers') }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('expire noncurrent'), age, newer }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('abort uploads'), age }) },
  { weight: 4, arbitrary: fc.record({ kind: kind('move'), age, to: fc.constantFrom(...movedTo) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('move noncurrent'), age, newer, to: fc.constantFrom(...movedTo) }) },
);
const only = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('all' as const, 'tag' as const) },
  { weight: 2, arbitrary: fc.record({ largerThan: fc.constantFrom(0, 100, 70_000) }) },
  { weight: 1, arbitrary: fc.record({ smallerThan: fc.constantFrom(2, 70_000, 1_000_000) }) },
);
const rule: fc.Arbitrary<DrawnRule> = fc.record({
  isEnabled: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  prefix: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: listing.prefix }),
  only,
  pick: index,
  action,
});
const lifecycleSteps: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 10,
    arbitrary: fc.record({
      do: named('let rules act'),
      bucket,
      rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
      killAfterMs: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat({ max: 12 }) }),
    }),
  },
];

const spot = { disk, file: index, at: fc.nat() };
const faultSteps: fc.WeightedArbitrary<Step>[] = [
  { weight: 12, arbitrary: fc.record({ do: named('run job'), job: fc.constantFrom(...jobNames) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'kill' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: named('kill during put'), ...place, content, delayMs: fc.nat({ max: 8 }) }) },
  { weight: 5, arbitrary: fc.record({ do: named('lose disks'), disks: fc.subarray([0, 1, 2], { minLength: 1 }) }) },
  { weight: 2, arbitrary: fc.record({ do: named('lose zone') }) },
  { weight: 4, arbitrary: fc.record({ do: named('lose group') }) },
  { weight: 10, arbitrary: fc.record({ do: named('give back') }) },
  { weight: 3, arbitrary: fc.record({ do: named('copy disk'), disk }) },
  { weight: 4, arbitrary: fc.record({ do: named('give back old copy'), disk }) },
  { weight: 12, arbitrary: fc.record({ do: named('flip bit'), ...spot }) },
  { weight: 4, arbitrary: fc.record({ do: named('cut file'), ...spot }) },
];

/** One operation of a client in most cases, and a fault once in so many. */
export function stepArbitrary(operationsPerFault: number): fc.Arbitrary<Step> {
  const operations = fc.oneof(...objectSteps, ...uploadSteps, ...readSteps, ...lifecycleSteps);
  return fc.oneof(
    { weight: operationsPerFault, arbitrary: operations },
    { weight: 1, arbitrary: fc.oneof(...faultSteps) },
  );
}
