/** The files that the tidy rules look at, and what a rule is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { type AstNode, parseSource } from './ast.ts';

/** One file of the repository. */
export interface Source {
  /** Relative to the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Syntax tree of a TypeScript file, parsed once, when first asked for; undefined for any other file, and AssemblyScript. */
  readonly tree: AstNode | undefined;
}

/** One violation: where it is, and what is wrong there. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

export interface Rule {
  /** What must hold, as a sentence; it is the test's name. */
  readonly name: string;
  /** What to do when it does not hold. */
  readonly advice: string;
  check(source: Source): readonly Finding[];
}

/** Folders and files that are made by tools and never committed (`.gitignore`), and the repository itself. */
const notOurs = new Set(['.git', 'node_modules', 'dist', 'data', 'coverage', 'profiles']);
const binary = /\.(png|jpg|gif|ico|wasm|gz|zip|bin|sqlite)$/;

export function sourceOf(path: string, text: string): Source {
  let tree: AstNode | undefined;
  return {
    path,
    text,
    get tree() {
      if (tree === undefined && path.endsWith('.ts') && !isAssemblyScript(path)) tree = parseSource(text, path);
      return tree;
    },
  };
}

/** Every text file under `root`, in the order of their paths. */
export function readSources(root: string): readonly Source[] {
  const paths: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (notOurs.has(entry.name) || entry.name.endsWith('.log')) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && !binary.test(entry.name)) paths.push(path);
    }
  };
  visit(root);
  return paths.sort().map((path) => sourceOf(relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')));
}

/** Written in another language with the same ending: its own compiler checks it. */
export function isAssemblyScript(path: string): boolean {
  return path.endsWith('.as.ts');
}

export function isTest(path: string): boolean {
  return path.startsWith('test/') || path.endsWith('.test.ts');
}

/** Code that runs in the server: not tests, not what is run by hand to generate code. */
export function isProduct(path: string): boolean {
  return path.startsWith('src/') && path.endsWith('.ts') && !isTest(path) && !path.endsWith('/generate.ts');
}

/** Findings as a person reads them in a failed test, with the advice below. */
export function report(findings: readonly Finding[], advice: string): string {
  if (findings.length === 0) return '';
  const lines = findings.map((finding) => `  ${finding.path}:${finding.line}  ${finding.what}`);
  return `${findings.length} found:\n${lines.join('\n')}\nWhat to do: ${advice}`;
}
