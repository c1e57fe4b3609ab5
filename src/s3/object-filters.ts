/** Filters of configurations as clients put them, and as answers show them: one condition, or several in `And`. */
import type { ObjectFilter } from '../engine/object-filter.ts';
import { S3Error } from './errors.ts';
import { parseObjectTags, tagElements } from './tagging.ts';

interface TagGiven {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

interface Conditions {
  readonly Prefix?: string | undefined;
  readonly AccessPointArn?: string | undefined;
}

export interface FilterElement extends Conditions {
  readonly Tag?: TagGiven | undefined;
  readonly And?: (Conditions & { readonly Tags?: readonly TagGiven[] | undefined }) | undefined;
}

/** Throws MalformedXML, InvalidTag, and NotImplemented for access points. */
export function readObjectFilter(element: FilterElement | undefined): ObjectFilter {
  if (element === undefined) return { tags: [] };
  const { And, Tag, ...one } = element;
  if (And === undefined) return readConditions(one, { tags: Tag === undefined ? [] : [Tag], min: 1, max: 1 });
  if (Tag !== undefined || Object.keys(one).length > 0) throw new S3Error('MalformedXML');
  const { Tags = [], ...several } = And;
  return readConditions(several, { tags: Tags, min: 2, max: Number.POSITIVE_INFINITY });
}

function readConditions(
  { Prefix: prefix, AccessPointArn }: Conditions,
  { tags, min, max }: { tags: readonly TagGiven[]; min: number; max: number },
): ObjectFilter {
  const count = [prefix, AccessPointArn].filter((one) => one !== undefined).length + tags.length;
  if (count < min || count > max) throw new S3Error('MalformedXML');
  if (AccessPointArn !== undefined) {
    throw new S3Error('NotImplemented', { message: 'There are no access points: no request comes by one' });
  }
  return { prefix, tags: parseObjectTags(tags.map(({ Key = '', Value = '' }) => ({ Key, Value }))) };
}

/** Undefined for one without conditions. */
export function objectFilterElement({ prefix, tags }: ObjectFilter) {
  const Tags = tagElements(tags);
  const count = Tags.length + (prefix === undefined ? 0 : 1);
  if (count === 0) return undefined;
  if (count > 1) return { And: { Prefix: prefix, Tags } };
  return prefix === undefined ? { Tag: Tags[0] } : { Prefix: prefix };
}
