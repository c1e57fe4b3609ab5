/** The pages name what there is: links lead somewhere, and settings, commands and metrics are those of the code. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commands } from '../../src/command-line/commands.ts';
import { settingsOf } from './settings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = globSync(['*.md', 'docs/*.md'], { cwd: root }).map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
}));

/** What a pattern finds in the pages, with the page; the first group of the pattern, or all of it. */
function named(pattern: RegExp): readonly { readonly path: string; readonly name: string }[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map((match) => ({ path, name: match[1] ?? match[0] })),
  );
}

/** The anchor of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

test('links between the pages → a file that is there, and a heading of it', () => {
  const broken = named(/\]\((?!https?:)([^)\s]+)\)/g).filter(({ path, name }) => {
    const [file = '', anchor] = name.split('#');
    const target = file === '' ? join(root, path) : join(root, dirname(path), file);
    if (!existsSync(target)) return true;
    const headings = anchor === undefined ? [] : [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)];
    return anchor !== undefined && !headings.some(([, heading = '']) => anchorOf(heading) === anchor);
  });
  expect(broken).toEqual([]);
});

test('settings that are named with their part → settings', () => {
  const paths = settingsOf().map((path) => path.join('.'));
  const parts = new Set(settingsOf().flatMap(([part = '', ...rest]) => (rest.length > 0 ? [part] : [])));
  const unknown = named(/`([a-z][A-Za-z]*(?:\.[A-Za-z]+)+)(?:: [^`]*)?`/g).filter(({ name }) => {
    const isSetting = parts.has(name.split('.')[0] ?? '');
    return isSetting && !paths.some((path) => path === name || path.startsWith(`${name}.`));
  });
  expect(unknown).toEqual([]);
});

test('commands of `ninefold` → those there are, with their options', () => {
  const shared = ['config', 'data', 'host', 'port', 'help', 'version'];
  const unknown = named(/(?:`|^ *|\$ )(?:ninefold|npm start --) ([a-z][^`\n]*)/gm).filter(({ name }) => {
    const [words = ''] = name.split(/ +#/);
    // `events list|tail` names several at once, `user` a family of them.
    const said = words.replace(/\|.*$/, '');
    const meant = commands.filter((one) => `${said} `.startsWith(`${one.name} `) || one.name.startsWith(`${said} `));
    const known = [...shared, ...meant.flatMap(({ options = [] }) => options.map((option) => option.name))];
    const options = [...words.matchAll(/ --([a-z-]+)/g)].map(([, option = '']) => option);
    return meant.length === 0 || options.some((option) => !known.includes(option));
  });
  expect(unknown).toEqual([]);
});

test("the operator's interface → docs/operating.md names every path of it", () => {
  const page = pages.find(({ path }) => path === 'docs/operating.md')?.text ?? '';
  const sources = globSync('src/admin/*-routes.ts', { cwd: root }).map((path) =>
    readFileSync(join(root, path), 'utf8'),
  );
  const paths = sources.flatMap((text) =>
    [...text.matchAll(/path: ['`]([a-z][^'`]*)['`]/g)].map(([, path = '']) => path),
  );
  const missing = paths.filter((path) => {
    const pattern = path.replaceAll(/:\w+/g, '[^/`]+').replace('${action}', 'run').replaceAll('.', '\\.');
    return !new RegExp(`/-/${pattern}\``).test(page);
  });
  expect(paths.length).toBeGreaterThan(20);
  expect(missing).toEqual([]);
});

test('files of the source that are named → there', () => {
  const files = globSync('{src,test,bench}/**/*', { cwd: root });
  const unknown = named(/`([\w./-]+)`/g).filter(({ name }) => {
    const isNamed = /\.(ts|py)$/.test(name) || /^(src|test|bench)\//.test(name);
    const wanted = name.replace(/\/$/, '');
    return isNamed && !files.some((file) => file === wanted || file.endsWith(`/${wanted}`));
  });
  expect(unknown).toEqual([]);
});

test('metrics → docs/metrics.md names those that the code has, and no page another', () => {
  const sources = globSync('src/**/*.ts', { cwd: root }).filter((path) => !path.endsWith('.test.ts'));
  const inCode = sources.flatMap(
    (path) => readFileSync(join(root, path), 'utf8').match(/(?<=')ninefold_\w+(?=')/g) ?? [],
  );
  const inPages = named(/\bninefold_\w*[a-z]\b/g);
  expect(inPages.filter(({ name }) => !inCode.includes(name))).toEqual([]);
  const explained = inPages.filter(({ path }) => path === 'docs/metrics.md').map(({ name }) => name);
  expect(inCode.filter((name) => !explained.includes(name))).toEqual([]);
});
