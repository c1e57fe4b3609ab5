/** Syntax trees of TypeScript sources, by the parser that the test runner brings, and the little that the rules ask of them. */
import assert from 'node:assert/strict';
import { parseAst } from 'vitest/node';

/** A node of ESTree with TypeScript's additions; members are looked at through the guards below. */
export interface AstNode {
  readonly type: string;
  /** Offsets into the source, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

export function isNode(value: unknown): value is AstNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The nodes among the members of a list member such as `params`. */
export function nodesOf(value: unknown): readonly AstNode[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Throws SyntaxError with the path and what the parser says. */
export function parseSource(text: string, path: string): AstNode {
  try {
    const program: unknown = parseAst(text, { lang: 'ts' });
    assert(isNode(program), 'the parser answers a program');
    return program;
  } catch (error) {
    throw new SyntaxError(`${path}: ${String(error)}`, { cause: error });
  }
}

/** Visits every node, parents first; `ancestors` runs from the program to the parent. */
export function walk(
  node: AstNode,
  visit: (node: AstNode, ancestors: readonly AstNode[]) => void,
  ancestors: readonly AstNode[] = [],
): void {
  visit(node, ancestors);
  const inner = [...ancestors, node];
  for (const value of Object.values(node)) {
    for (const child of isNode(value) ? [value] : nodesOf(value)) walk(child, visit, inner);
  }
}

/** `a.b.c` of identifiers and member accesses, else undefined. */
export function dottedName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier' && typeof node['name'] === 'string') return node['name'];
  if (node.type !== 'MemberExpression' || node['computed'] === true) return undefined;
  const object = dottedName(node['object']);
  const property = dottedName(node['property']);
  return object === undefined || property === undefined ? undefined : `${object}.${property}`;
}

/** Line of an offset, counted from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
