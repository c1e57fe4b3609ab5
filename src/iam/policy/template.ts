/**
 * Texts of a policy with variables: `${aws:username}`, with a default `${aws:username, 'x'}`, and `${*}`, `${?}`, `${$}` for
 * the characters themselves. Policies of version 2008-10-17 have no variables; there `${` is text like any other.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
import { conditionKey, type RequestContext } from './context.ts';
import { type Glob, literalGlob, wildGlob } from './glob.ts';

export interface Variable {
  /** As contexts are asked for it. */
  readonly key: string;
  readonly fallback: string | undefined;
}

/** Pieces of a pattern with the variables between them. */
export type Template = readonly (Glob | Variable)[];

export interface TemplateRules {
  /** Whether the document's version has variables, and the element takes them. */
  readonly hasVariables: boolean;
  /** Whether `*` and `?` are wildcards here. */
  readonly hasWildcards: boolean;
}

const variablePattern = /\$\{([^}]*)\}/g;
const defaultPattern = /^([^,]*),\s*'(.*)'\s*$/;

export function parseTemplate(text: string, { hasVariables, hasWildcards }: TemplateRules): Template {
  const globOf = hasWildcards ? wildGlob : literalGlob;
  if (!hasVariables || !text.includes('${')) return [globOf(text)];
  const parts: (Glob | Variable)[] = [];
  let glob: number[] = [];
  let end = 0;
  for (const found of text.matchAll(variablePattern)) {
    glob.push(...globOf(text.slice(end, found.index)));
    end = found.index + found[0].length;
    const inside = found[1] ?? '';
    if (inside === '*' || inside === '?' || inside === '$') {
      glob.push(...literalGlob(inside));
      continue;
    }
    parts.push(glob, variableOf(inside));
    glob = [];
  }
  glob.push(...globOf(text.slice(end)));
  return [...parts, glob];
}

/** Keys of the variables in a text. */
export function variablesOf(text: string): readonly string[] {
  return variableNamesOf(text).map(conditionKey);
}

/** The same as they are spelled. */
export function variableNamesOf(text: string): readonly string[] {
  return [...text.matchAll(variablePattern)].flatMap(([, inside = '']) => {
    return ['*', '?', '$'].includes(inside) ? [] : [nameIn(inside)];
  });
}

/** The pattern of a template that has no variables; undefined if it has. */
export function constantGlob(template: Template): Glob | undefined {
  const [first] = template;
  return template.length === 1 && first !== undefined && isGlob(first) ? first : undefined;
}

/**
 * The pattern for a request; undefined if a variable has no value and no default, or several values: then nothing matches.
 * Values are taken as they are, so that nobody becomes somebody else by a name with a wildcard in it.
 */
export function expandTemplate(template: Template, context: RequestContext): Glob | undefined {
  const glob: number[] = [];
  for (const part of template) {
    if (isGlob(part)) {
      glob.push(...part);
      continue;
    }
    const value = variableValue(part, context);
    if (value === undefined) return undefined;
    glob.push(...literalGlob(value));
  }
  return glob;
}

export function isGlob(part: Glob | Variable): part is Glob {
  return Array.isArray(part);
}

function variableOf(inside: string): Variable {
  return { key: conditionKey(nameIn(inside)), fallback: defaultPattern.exec(inside)?.[2] };
}

function nameIn(inside: string): string {
  return (defaultPattern.exec(inside)?.[1] ?? inside).trim();
}

function variableValue({ key, fallback }: Variable, context: RequestContext): string | undefined {
  const value = context(key);
  if (typeof value === 'string' && value !== '') return value;
  return Array.isArray(value) ? undefined : fallback;
}
