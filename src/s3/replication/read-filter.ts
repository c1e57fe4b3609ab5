/** The filter of a replication rule as clients put it: one condition, several in `And`, or the rule's own prefix, the old form. */
import type * as S3 from '@aws-sdk/client-s3';
import type { ReplicationRule } from '../../engine/replication/configuration.ts';
import { S3Error } from '../errors.ts';
import { invalidRequest } from '../lifecycle/refusals.ts';
import { parseObjectTags } from '../tagging.ts';

type Filter = Pick<ReplicationRule, 'form' | 'prefix' | 'tags'>;

const prefixBytesMax = 1024;

/** Throws MalformedXML, InvalidRequest, InvalidTag. */
export function readFilter({ Filter, Prefix }: Pick<S3.ReplicationRule, 'Filter' | 'Prefix'>): Filter {
  // One of the two, so that nobody replicates everything by leaving out something.
  if ((Filter === undefined) === (Prefix === undefined)) throw new S3Error('MalformedXML');
  if (Filter === undefined) return { form: 'prefix', ...readConditions({ Prefix, Tags: [] }) };
  const { And, Prefix: prefix, Tag } = Filter;
  if (And === undefined) {
    if (prefix !== undefined && Tag !== undefined) throw new S3Error('MalformedXML');
    return { form: 'filter', ...readConditions({ Prefix: prefix, Tags: Tag === undefined ? [] : [Tag] }) };
  }
  if (prefix !== undefined || Tag !== undefined) throw new S3Error('MalformedXML');
  const { Tags = [] } = And;
  if (Tags.length + (And.Prefix === undefined ? 0 : 1) < 2) throw new S3Error('MalformedXML');
  return { form: 'and', ...readConditions({ Prefix: And.Prefix, Tags }) };
}

function readConditions({ Prefix, Tags }: { Prefix: string | undefined; Tags: readonly S3.Tag[] }) {
  if (Prefix !== undefined && Buffer.byteLength(Prefix) > prefixBytesMax) {
    throw invalidRequest('The maximum size of a prefix is 1024.');
  }
  const elements = Tags.map(({ Key = '', Value = '' }) => ({ Key, Value }));
  if (new Set(elements.map(({ Key }) => Key)).size < elements.length) {
    throw invalidRequest('Duplicate Tag Keys are not allowed.');
  }
  return { ...(Prefix !== undefined && { prefix: Prefix }), tags: parseObjectTags(elements) };
}
