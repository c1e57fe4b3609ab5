/** The pages that are written from the code say what the code says, and the table of errors has no code too many. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { s3ErrorCodes } from '../../src/s3/errors.ts';
import { operationTable } from '../../src/s3/model/table.generated.ts';
import { type AstNode, isNode, walk } from '../tidy/ast.ts';
import { isProduct, readSources } from '../tidy/source.ts';
import { compatibilityPage, generateCompatibility, isSupported } from './compatibility.ts';
import { findFalseFacts } from './compatibility-facts.ts';
import { errorsPage, generateErrors } from './error-codes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('docs/compatibility.md → what `npm run generate` writes', () => {
  expect(readFileSync(compatibilityPage, 'utf8')).toBe(generateCompatibility());
});

test('docs/compatibility.md → every operation once', () => {
  const rows = [...generateCompatibility().matchAll(/^\| ([A-Z]\w+) \| (?:yes|none|`NotImplemented`) \|/gm)];
  expect(rows.map(([, name]) => name).sort()).toEqual(Object.keys(operationTable).sort());
});

test('docs/compatibility.md → its sentences claim what is there, and deny what is not', () => {
  expect(findFalseFacts(isSupported)).toEqual([]);
});

test('docs/errors.md → what `npm run generate` writes', () => {
  expect(readFileSync(errorsPage, 'utf8')).toBe(generateErrors());
});

test('a code of the table → used by the S3 layer for more than comparing', () => {
  const used = new Set(
    readSources(root)
      .filter(({ path }) => isProduct(path) && path.startsWith('src/s3/') && path !== 'src/s3/errors.ts')
      .filter(({ path }) => !path.endsWith('.generated.ts'))
      .flatMap(({ tree }) => (tree === undefined ? [] : writtenTexts(tree))),
  );
  expect(s3ErrorCodes.filter((code) => !used.has(code))).toEqual([]);
});

/** Texts in quotes that are not operands of a comparison, types, or imports. */
function writtenTexts(tree: AstNode): readonly string[] {
  const texts: string[] = [];
  walk(tree, (node, ancestors) => {
    const parent = ancestors.at(-1);
    if (node.type !== 'Literal' || typeof node['value'] !== 'string' || !isNode(parent)) return;
    const isComparison = parent.type === 'BinaryExpression';
    if (!isComparison && !parent.type.startsWith('TS') && !parent.type.startsWith('Import')) texts.push(node['value']);
  });
  return texts;
}
