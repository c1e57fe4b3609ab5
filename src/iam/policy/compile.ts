/**
 * Makes a decision function of a document: once per document, so that a request costs neither parsing nor look-ups by
 * name. Which statements are about an action is found out once per action, as a server has few of them.
 */
import { type ArnMatcher, arnMatcher } from './arn-pattern.ts';
import { type Condition, compileConditions } from './conditions.ts';
import { conditionKey, type RequestContext } from './context.ts';
import type { Effect, Listed, PolicyDocument, PolicyStatement } from './document.ts';
import { globMatcher, wildGlob } from './glob.ts';
import { type PrincipalMatcher, principalMatcher } from './principals.ts';
import { expandTemplate, parseTemplate, variablesOf } from './template.ts';

export interface CompiledStatement {
  /** Place in the document, from 0. */
  readonly index: number;
  readonly sid: string | undefined;
  readonly effect: Effect;
  /** Undefined in the policies of identities, which are about the identity that they belong to. */
  readonly principal: PrincipalMatcher | undefined;
  readonly resource: ArnMatcher;
  readonly conditions: readonly Condition[];
  /** What it was made of. */
  readonly source: PolicyStatement;
}

export interface CompiledPolicy {
  /** Keys that conditions and variables ask the context for; those of tags without the slash and the tag's key. */
  readonly keys: ReadonlySet<string>;
  /** All of them, in the document's order. */
  readonly statements: readonly CompiledStatement[];
  /** The statements about an action, in the document's order. */
  statementsFor(action: string): readonly CompiledStatement[];
}

/** Actions whose statements are kept; beyond any server's own, so only a caller that makes names up goes over it. */
export const actionsKeptMax = 512;

export function compilePolicy(document: PolicyDocument): CompiledPolicy {
  const compiled = document.statements.map((statement, index) => ({
    matchesAction: actionMatcher(statement.action),
    statement: compileStatement(statement, index, document.hasVariables),
  }));
  const byAction = new Map<string, readonly CompiledStatement[]>();
  return {
    keys: keysOf(document),
    statements: compiled.map(({ statement }) => statement),
    statementsFor(action) {
      const known = byAction.get(action);
      if (known !== undefined) return known;
      const folded = action.toLowerCase();
      const found = compiled.flatMap(({ matchesAction, statement }) => (matchesAction(folded) ? [statement] : []));
      if (byAction.size < actionsKeptMax) byAction.set(action, found);
      return found;
    },
  };
}

/** Whether a statement is about this resource, and all of its conditions hold. */
export function appliesTo({ resource, conditions }: CompiledStatement, arn: string, context: RequestContext): boolean {
  if (!resource(arn, context)) return false;
  for (const condition of conditions) if (!condition.holds(context)) return false;
  return true;
}

function compileStatement(statement: PolicyStatement, index: number, hasVariables: boolean): CompiledStatement {
  const { sid, effect, principal, resource, conditions } = statement;
  return {
    index,
    sid,
    effect,
    principal: principal && principalMatcher(principal),
    resource: resourceMatcher(resource, hasVariables),
    conditions: compileConditions(conditions, hasVariables),
    source: statement,
  };
}

/** For actions in lower case, as their case does not count. */
function actionMatcher({ isNot, values }: Listed<readonly string[]>): (action: string) => boolean {
  const matchers = values.map((value) => globMatcher(wildGlob(value.toLowerCase())));
  return (action) => matchers.some((matches) => matches(action)) !== isNot;
}

/** A trust policy has no resource: it is about the role that it belongs to. */
function resourceMatcher(resource: Listed<readonly string[]> | undefined, hasVariables: boolean): ArnMatcher {
  if (resource === undefined) return () => true;
  const templates = resource.values.map((value) => parseTemplate(value, { hasVariables, hasWildcards: true }));
  const matchers = templates.map((template, at): ArnMatcher => {
    return resource.values[at] === '*' ? () => true : arnMatcher(template);
  });
  const [first] = matchers;
  if (matchers.length === 1 && first !== undefined && !resource.isNot) return first;
  const matchesAny: ArnMatcher = (arn, context) => matchers.some((matches) => matches(arn, context));
  if (!resource.isNot) return matchesAny;
  // What a variable without a value leaves out nobody can say, so such a statement is about nothing.
  const isKnown = (context: RequestContext): boolean =>
    templates.every((template) => expandTemplate(template, context) !== undefined);
  return (arn, context) => !matchesAny(arn, context) && isKnown(context);
}

function keysOf({ hasVariables, statements }: PolicyDocument): ReadonlySet<string> {
  const texts = statements.flatMap(({ resource, conditions }) => [
    ...(resource?.values ?? []),
    ...Object.values(conditions).flatMap((keys) => Object.values(keys).flat()),
  ]);
  const inConditions = statements.flatMap(({ conditions }) => Object.values(conditions).flatMap(Object.keys));
  const inVariables = hasVariables ? texts.flatMap((text) => variablesOf(text)) : [];
  return new Set([...inConditions.map(conditionKey), ...inVariables].map((key) => key.replace(/\/.*/s, '')));
}
