/**
 * Patterns of ARNs. An ARN has six parts between colons; a pattern is held against each of them, so that a wildcard never
 * reaches into the next part, but for the last one, which may itself contain colons.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
import type { RequestContext } from './context.ts';
import { anyRun, type Glob, globMatcher, literalGlob, matchesGlob } from './glob.ts';
import { expandTemplate, isGlob, type Template, type Variable } from './template.ts';

export type ArnMatcher = (arn: string, context: RequestContext) => boolean;

const partCount = 6;
const colon = 58;

/** Parts that the pattern leaves out at its end match anything, as in policies of identities. */
export function arnMatcher(template: Template): ArnMatcher {
  const parts = splitTemplate(template);
  while (parts.length < partCount) parts.push([[anyRun]]);
  const fixed = fixedPrefix(parts);
  const last = parts[partCount - 1] ?? [];
  if (fixed === undefined) return (arn, context) => matchesParts(parts, arn, context);
  const glob = constantOf(last);
  if (glob !== undefined) return prefixMatcher(fixed, glob);
  // What stands before the first wildcard or variable tells most resources apart, without a value being looked up.
  const lead = `${fixed}${leadingText(last)}`;
  return (arn, context) => {
    if (!arn.startsWith(lead)) return false;
    const expanded = expandTemplate(last, context);
    return expanded !== undefined && matchesGlob(expanded, arn, fixed.length);
  };
}

/** The six parts of an ARN; undefined for a text that has fewer. */
export function splitArn(arn: string): readonly string[] | undefined {
  const parts: string[] = [];
  let from = 0;
  while (parts.length < partCount - 1) {
    const at = arn.indexOf(':', from);
    if (at === -1) return undefined;
    parts.push(arn.slice(from, at));
    from = at + 1;
  }
  parts.push(arn.slice(from));
  return parts;
}

/** A pattern whose first five parts are plain text and whose last one has no variables: what nearly all are. */
function prefixMatcher(fixed: string, rest: Glob): ArnMatcher {
  return globMatcher([...literalGlob(fixed), ...rest]);
}

/** The first five parts as text, each with its colon, if they hold no wildcard and no variable. */
function fixedPrefix(parts: readonly Template[]): string | undefined {
  let text = '';
  for (const part of parts.slice(0, partCount - 1)) {
    const glob = constantOf(part);
    if (glob === undefined || glob.some((code) => code < 0)) return undefined;
    text += `${String.fromCharCode(...glob)}:`;
  }
  return text;
}

function leadingText([first]: Template): string {
  if (first === undefined || !isGlob(first)) return '';
  const wild = first.findIndex((code) => code < 0);
  return String.fromCharCode(...(wild === -1 ? first : first.slice(0, wild)));
}

function matchesParts(parts: readonly Template[], arn: string, context: RequestContext): boolean {
  const values = splitArn(arn);
  if (values === undefined) return false;
  return parts.every((part, at) => {
    const glob = expandTemplate(part, context);
    return glob !== undefined && matchesGlob(glob, values[at] ?? '');
  });
}

/** Splits at the first five colons of the pattern's own text; those in values of variables are no separators. */
function splitTemplate(template: Template): Template[] {
  const parts: (Glob | Variable)[][] = [[]];
  const add = (piece: Glob | Variable): void => {
    parts.at(-1)?.push(piece);
  };
  for (const piece of template) {
    if (!isGlob(piece)) {
      add(piece);
      continue;
    }
    let from = 0;
    for (let at = 0; at < piece.length && parts.length < partCount; at++) {
      if (piece[at] !== colon) continue;
      add(piece.slice(from, at));
      parts.push([]);
      from = at + 1;
    }
    add(piece.slice(from));
  }
  return parts;
}

function constantOf(template: Template): Glob | undefined {
  return template.every(isGlob) ? template.flat() : undefined;
}
