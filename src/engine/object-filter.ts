/** Which objects of a bucket a configuration is about, and which it is not. Pure. */
import { z } from 'zod';
import type { Tag } from '../meta/records.ts';

/** Objects that have all of it; without any of it, all objects. */
export interface ObjectFilter {
  readonly prefix?: string | undefined;
  readonly tags: readonly Tag[];
}

export const objectFilterSchema: z.ZodType<ObjectFilter> = z.strictObject({
  prefix: z.string().optional(),
  tags: z.array(z.strictObject({ key: z.string(), value: z.string() })),
});

export function isMeant(
  filter: ObjectFilter,
  object: { readonly key: string; readonly tags: readonly Tag[] },
): boolean {
  if (!object.key.startsWith(filter.prefix ?? '')) return false;
  return filter.tags.every(({ key, value }) => object.tags.some((tag) => tag.key === key && tag.value === value));
}
