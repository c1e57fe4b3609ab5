/** The filter of a lifecycle rule as clients put it: one condition, several in `And`, or the rule's own prefix, the old form. */
import type * as S3 from '@aws-sdk/client-s3';
import type { LifecycleRule } from '../../engine/lifecycle/rules.ts';
import type { Tag } from '../../engine/types.ts';
import { S3Error } from '../errors.ts';
import { parseObjectTags } from '../tagging.ts';
import { invalidRequest } from './refusals.ts';

type Filter = Pick<LifecycleRule, 'form' | 'filter'>;

const sizeMaxBytes = 1_099_511_627_776_000;

/** Throws MalformedXML, InvalidRequest, InvalidTag. */
export function readFilter({ Filter, Prefix }: S3.LifecycleRule): Filter {
  if (Filter === undefined) {
    if (Prefix === undefined) throw new S3Error('MalformedXML');
    return { form: 'prefix', filter: { prefix: Prefix, tags: [] } };
  }
  if (Prefix !== undefined) throw new S3Error('MalformedXML');
  const { And, Tag, ...rest } = Filter;
  if (And === undefined) return readConditions({ ...rest, ...(Tag !== undefined && { Tags: [Tag] }) }, { max: 1 });
  if (Tag !== undefined || Object.keys(rest).length > 0) throw new S3Error('MalformedXML');
  return { ...readConditions(And, { min: 2 }), form: 'and' };
}

function readConditions(
  conditions: S3.LifecycleRuleAndOperator,
  { min = 0, max = Number.POSITIVE_INFINITY }: { min?: number; max?: number },
): Filter {
  const { Prefix: prefix, Tags = [], ObjectSizeGreaterThan, ObjectSizeLessThan } = conditions;
  const others = [prefix, ObjectSizeGreaterThan, ObjectSizeLessThan].filter((one) => one !== undefined);
  const count = others.length + Tags.length;
  if (count < min || count > max) throw new S3Error('MalformedXML');
  const sizeGreaterThan = readSize({ ObjectSizeGreaterThan }, 0);
  const sizeLessThan = readSize({ ObjectSizeLessThan }, 1);
  if (sizeGreaterThan !== undefined && sizeLessThan !== undefined && sizeGreaterThan >= sizeLessThan) {
    throw invalidRequest("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.");
  }
  return {
    form: 'filter',
    filter: {
      ...(prefix !== undefined && { prefix }),
      tags: readTags(Tags),
      ...(sizeGreaterThan !== undefined && { sizeGreaterThan }),
      ...(sizeLessThan !== undefined && { sizeLessThan }),
    },
  };
}

function readSize(member: Readonly<Record<string, number | undefined>>, sizeMin: number): number | undefined {
  const [[name, size] = ['', undefined]] = Object.entries(member);
  if (size === undefined || (size >= sizeMin && size <= sizeMaxBytes)) return size;
  throw invalidRequest(`'${name}' should be between ${sizeMin} and ${sizeMaxBytes}.`);
}

function readTags(elements: readonly S3.Tag[]): readonly Tag[] {
  const tags = elements.map(({ Key = '', Value = '' }) => ({ Key, Value }));
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) {
    throw invalidRequest('Duplicate Tag Keys are not allowed.');
  }
  return parseObjectTags(tags);
}
