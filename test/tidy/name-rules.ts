/** Names of files, folders and classes. */
import { dottedName, lineAt, walk } from './ast.ts';
import type { Finding, Rule } from './source.ts';

/** Documents whose names are a custom wherever software is published. */
const customary = /^(README|ARCHITECTURE|CHANGELOG|FORMAT|LOG|SECURITY|CONTRIBUTING|LICENSE|Dockerfile)(\.md)?$/;
const kebab = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
const empty = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'manager', 'managers', 'misc']);

export const fileNames: Rule = {
  name: 'files and folders are named in kebab-case',
  advice: 'lower-case words joined by hyphens: put-object.ts, commit-log.test.ts.',
  check({ path }) {
    const bad = path.split('/').filter((part) => !kebab.test(part) && !customary.test(part));
    return bad.map((part) => ({ path, line: 1, what: `the name ${part}` }));
  },
};

export const emptyNames: Rule = {
  name: `nothing is called ${[...empty].join(', ')}`,
  advice: 'such a name says nothing of what is inside and attracts everything: name the thing or the verb.',
  check(source) {
    const findings: Finding[] = [];
    for (const word of source.path.split(/[/.-]/)) {
      if (empty.has(word)) findings.push({ path: source.path, line: 1, what: `the name ${word}` });
    }
    if (source.tree === undefined) return findings;
    walk(source.tree, (node) => {
      const name = node.type === 'ClassDeclaration' ? dottedName(node['id']) : undefined;
      if (name === undefined || !/(Utils?|Helpers?|Manager)$/.test(name)) return;
      findings.push({ path: source.path, line: lineAt(source.text, node.start), what: `the class ${name}` });
    });
    return findings;
  },
};
