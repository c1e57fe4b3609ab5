/** What no committed text says: promises to do things later, silenced checks, and places of one machine. */
import { type Finding, isAssemblyScript, type Rule, type Source } from './source.ts';

/** The patterns are written so that they do not match their own source. */
function findText(source: Source, pattern: RegExp): readonly Finding[] {
  return source.text.split('\n').flatMap((line, i) => {
    const match = pattern.exec(line);
    return match === null ? [] : [{ path: source.path, line: i + 1, what: match[0].trim() }];
  });
}

const isCode = (path: string): boolean => /\.(ts|py|sh)$/.test(path) || path.startsWith('.ci/');

export const noPostponedWork: Rule = {
  name: 'no note of work that is left to do',
  advice: 'do it, or open an issue and say in words what the code does today.',
  check: (source) => (isCode(source.path) ? findText(source, /\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b/) : []),
};

export const noSilencedChecks: Rule = {
  name: 'no check is silenced without a reason',
  advice: 'repair what the check found; where it is wrong, `biome-ignore RULE: reason` in a sentence.',
  check(source) {
    if (!isCode(source.path) || isAssemblyScript(source.path)) return [];
    const silenced = findText(source, /@ts-(ig[n]ore|noch[e]ck)|esl[i]nt-(disable|enable)|@ts-exp[e]ct-error\s*$/);
    const unexplained = findText(source, /\/[/*] *biome-ig[n]ore(?!\S* \S+: \S+ \S+)/);
    return [...silenced, ...unexplained];
  },
};

export const noMachinePaths: Rule = {
  name: 'no path of one machine',
  advice: 'take the path as an argument, or relative to the repository or to os.tmpdir().',
  check: (source) => findText(source, /(?<![\w.-])\/(work|farm|home|Users)\/[\w.-]*/),
};

export const noRegistryHosts: Rule = {
  name: 'no host name of a package or image registry',
  advice:
    'packages come from whatever registry the machine is set to: delete the host (`.npmrc` keeps it out of the lock file).',
  check(source) {
    const known = findText(
      source,
      /\b(registry\.[a-z0-9-]+\.[a-z]+|npm[j]s\.(org|com)|pyp[i]\.org|pythonhos[t]ed\.org|(docker|ghcr|quay)\.i[o]\b)/,
    );
    const resolved = source.path === 'package-lock.json' ? findText(source, /"resolved": "https?:[^"]*"/) : [];
    return [...known, ...resolved];
  },
};
