/** Sizes: of files, functions and parameter lists. */
import { type AstNode, dottedName, isNode, lineAt, nodesOf, walk } from './ast.ts';
import { type Finding, isProduct, type Rule, type Source } from './source.ts';

const fileLinesMax = 400;
const functionLinesMax = 70;
const parametersMax = 4;

/** Files that may be longer, each with the reason. Only tables belong here: code that is long is split instead. */
const declaredTables: Readonly<Record<string, string>> = {};

/** Neighbours of one type whose order nobody mistakes: the field has fixed it, or it does not matter. */
const wellKnownNeighbours = new Set([
  'a b',
  'left right',
  'actual expected',
  'start end',
  'offset length',
  'name value',
  'bucket key',
  'key versionId',
  'key uploadId',
  // Pointers into the coding kernel's memory, in the order of its WebAssembly exports.
  'tables input',
  'input output',
  'output length',
  'accessKeyId secretAccessKey',
  'accessKeyId sessionToken',
  'accountId resource',
]);

export const fileSize: Rule = {
  name: `a file has at most ${fileLinesMax} lines`,
  advice:
    'split the file at its second responsibility. A table without logic may be declared in test/tidy/size-rules.ts with the reason; generated code is named *.generated.ts.',
  check(source) {
    if (!/\.(ts|py|sh)$/.test(source.path) || source.path.endsWith('.generated.ts')) return [];
    if (source.path in declaredTables) return [];
    const lines = source.text.split('\n').length - (source.text.endsWith('\n') ? 1 : 0);
    return lines > fileLinesMax ? [{ path: source.path, line: fileLinesMax + 1, what: `${lines} lines` }] : [];
  },
};

export const functionSize: Rule = {
  name: `a function has at most ${functionLinesMax} lines`,
  advice: 'name its steps and make each a function; a body that grows is mostly a missing verb one layer below.',
  check(source) {
    return findInFunctions(source, (node, ancestors) => {
      if (!isNode(node['body']) || isDescribeBody(node, ancestors)) return [];
      const lines = lineAt(source.text, node.end) - lineAt(source.text, node.start) + 1;
      return lines > functionLinesMax ? [`${nameOf(node, ancestors)}: ${lines} lines`] : [];
    });
  },
};

export const parameterCount: Rule = {
  name: `a function takes at most ${parametersMax} positional parameters`,
  advice: 'take one options object with named members.',
  check(source) {
    return findInFunctions(source, (node, ancestors) => {
      const count = nodesOf(node['params']).length;
      return count > parametersMax ? [`${nameOf(node, ancestors)}: ${count} parameters`] : [];
    });
  },
};

export const neighbouringParameters: Rule = {
  name: 'no two neighbouring parameters of product code have the same primitive type',
  advice:
    'callers can swap them unnoticed: take an options object. A pair whose order the field has fixed (start, end) is declared in test/tidy/size-rules.ts.',
  check(source) {
    if (!isProduct(source.path)) return [];
    return findInFunctions(source, (node, ancestors) => {
      const parameters = nodesOf(node['params']).map(parameterOf);
      return parameters.flatMap((parameter, i) => {
        const next = parameters[i + 1];
        if (next === undefined || parameter.primitive === undefined || parameter.primitive !== next.primitive)
          return [];
        const pair = `${parameter.name} ${next.name}`;
        if (wellKnownNeighbours.has(pair)) return [];
        return [`${nameOf(node, ancestors)}: ${parameter.name} and ${next.name} are both ${parameter.primitive}`];
      });
    });
  },
};

const functionTypes = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'TSDeclareFunction',
  'TSMethodSignature',
  'TSEmptyBodyFunctionExpression',
]);

function findInFunctions(
  source: Source,
  check: (node: AstNode, ancestors: readonly AstNode[]) => readonly string[],
): readonly Finding[] {
  const findings: Finding[] = [];
  if (source.tree === undefined || source.path.endsWith('.generated.ts')) return findings;
  walk(source.tree, (node, ancestors) => {
    if (!functionTypes.has(node.type)) return;
    const line = lineAt(source.text, node.start);
    for (const what of check(node, ancestors)) findings.push({ path: source.path, line, what });
  });
  return findings;
}

/** The callback of `describe` is a chapter, not a function that somebody has to understand at once. */
function isDescribeBody(node: AstNode, ancestors: readonly AstNode[]): boolean {
  const call = ancestors.at(-1);
  if (call?.type !== 'CallExpression' || !nodesOf(call['arguments']).includes(node)) return false;
  const callee =
    isNode(call['callee']) && call['callee'].type === 'CallExpression' ? call['callee']['callee'] : call['callee'];
  return /^describe(\.|$)/.test(dottedName(callee) ?? '');
}

function nameOf(node: AstNode, ancestors: readonly AstNode[]): string {
  const parent = ancestors.at(-1);
  return (
    dottedName(node['id']) ??
    dottedName(node['key']) ??
    dottedName(parent?.['key']) ??
    dottedName(parent?.['id']) ??
    'function'
  );
}

/** Name and, where it is one, primitive type of a parameter: by its annotation or by its default. */
function parameterOf(node: AstNode): { name: string; primitive: string | undefined } {
  if (node.type === 'AssignmentPattern' && isNode(node['left'])) {
    const left = parameterOf(node['left']);
    const value = isNode(node['right']) && node['right'].type === 'Literal' ? typeof node['right']['value'] : undefined;
    return { name: left.name, primitive: left.primitive ?? value };
  }
  const annotation = isNode(node['typeAnnotation']) ? node['typeAnnotation']['typeAnnotation'] : undefined;
  const keyword = isNode(annotation) ? /^TS(String|Number|Boolean|BigInt)Keyword$/.exec(annotation.type) : null;
  return { name: dottedName(node) ?? 'parameter', primitive: keyword?.[1]?.toLowerCase() };
}
