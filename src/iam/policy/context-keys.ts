/** The condition keys that a document asks for, as it spells them. */
import type { PolicyDocument } from './document.ts';
import { variableNamesOf } from './template.ts';

export function contextKeysOf({ hasVariables, statements }: PolicyDocument): readonly string[] {
  const found = statements.flatMap(({ resource, conditions }) => {
    const values = Object.values(conditions).flatMap((keys) => Object.values(keys).flat());
    const variables = hasVariables ? [...(resource?.values ?? []), ...values].flatMap(variableNamesOf) : [];
    return [...Object.values(conditions).flatMap(Object.keys), ...variables];
  });
  return [...new Set(found)];
}
