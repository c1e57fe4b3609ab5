/**
 * Who may import whom. A layer is a folder of src/ (or one of the files at its top); the table says which other layers it
 * may import. Everything that is not allowed is forbidden, so a new folder has to be given its place here first.
 */
import { posix } from 'node:path';
import { type AstNode, isNode, lineAt, nodesOf, walk } from './ast.ts';
import { type Finding, isTest, type Rule, type Source } from './source.ts';

/** An import or re-export as it stands in the source. */
export interface Import {
  readonly from: string;
  readonly line: number;
  readonly isTypeOnly: boolean;
  /** Path of the file meant, for a relative import; undefined for a package. */
  readonly target: string | undefined;
}

/** main → command-line → daemon → {s3 → kms → iam, console, admin, jobs, topics → events} → engine → {meta, blob} → lib */
const layers: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  meta: ['lib'],
  blob: ['lib'],
  engine: ['meta', 'blob', 'lib'],
  s3: ['kms', 'iam', 'iam/policy', 'engine', 'lib'],
  /** Keys of KMS, and who may do what with them. */
  kms: ['iam', 'iam/policy', 'engine', 'lib'],
  iam: ['iam/policy', 'engine', 'lib'],
  /** The language of policies and the decision: pure, and used by whoever has a policy. */
  'iam/policy': ['lib'],
  console: ['engine', 'lib'],
  /** What events look like and how they are sent. */
  events: ['engine', 'lib'],
  /** How replicas come to other servers. */
  replication: ['engine', 'lib'],
  /** Topics of SNS: who may do what with them, and what goes to whom. */
  topics: ['events', 'iam', 'iam/policy', 'engine', 'lib'],
  jobs: ['events', 'engine', 'meta', 'blob', 'lib'],
  admin: ['iam', 'jobs', 'engine', 'meta', 'blob', 'lib'],
  /** Files at the top of src/: the configuration and the one that builds everything. */
  top: [
    's3',
    'kms',
    'iam',
    'iam/policy',
    'console',
    'admin',
    'jobs',
    'topics',
    'events',
    'replication',
    'engine',
    'meta',
    'blob',
    'lib',
  ],
  'command-line': ['top', 's3', 'admin', 'engine', 'meta', 'blob', 'lib'],
  main: ['command-line', 'top'],
};

/** Packages and modules of Node that belong to some places only; the places are beginnings of paths. */
const homes: readonly {
  readonly module: RegExp;
  readonly places: readonly string[];
  readonly typesAnywhere: boolean;
}[] = [
  { module: /^better-sqlite3$/, places: ['src/meta/'], typesAnywhere: false },
  { module: /^(fastify|@fastify\/.*)$/, places: ['src/s3/server'], typesAnywhere: false },
  { module: /^node:fs(\/promises)?$/, places: ['src/blob/', 'src/meta/', 'src/lib/', 'top'], typesAnywhere: true },
  { module: /^node:child_process$/, places: ['top'], typesAnywhere: false },
  { module: /^(@aws-sdk|@smithy)\//, places: [], typesAnywhere: true },
  { module: /^yaml$/, places: ['top'], typesAnywhere: true },
  // The engine checks with it what documents of a bucket say that it reads back, the operator's interface and its client what they are sent.
  {
    module: /^zod$/,
    places: ['top', 'src/engine/', 'src/events/', 'src/kms/', 'src/admin/', 'src/command-line/'],
    typesAnywhere: true,
  },
  {
    module: /^(amqplib|@platformatic\/kafka|@nats-io\/.+|mqtt|@redis\/client|pg)$/,
    places: ['src/events/targets/'],
    typesAnywhere: false,
  },
  { module: /^fast-xml-parser$/, places: ['src/s3/', 'src/iam/'], typesAnywhere: false },
];

export function layerOf(path: string): string {
  const [, folder = '', file] = path.split('/');
  if (path === 'src/main.ts') return 'main';
  if (path.startsWith('src/iam/policy/')) return 'iam/policy';
  return file === undefined ? 'top' : folder;
}

export function importsOf(source: Source): readonly Import[] {
  const imports: Import[] = [];
  if (source.tree === undefined) return imports;
  walk(source.tree, (node) => {
    const from = isNode(node['source']) ? node['source']['value'] : undefined;
    const isImport = /^(Import|ExportNamed|ExportAll)Declaration$|^ImportExpression$/.test(node.type);
    if (!isImport || typeof from !== 'string') return;
    const target = from.startsWith('.') ? posix.join(posix.dirname(source.path), from) : undefined;
    imports.push({ from, line: lineAt(source.text, node.start), isTypeOnly: isTypeOnly(node), target });
  });
  return imports;
}

function isTypeOnly(node: AstNode): boolean {
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true;
  const names = nodesOf(node['specifiers']);
  return names.length > 0 && names.every((name) => name['importKind'] === 'type' || name['exportKind'] === 'type');
}

function findImports(source: Source, check: (found: Import) => string | undefined): readonly Finding[] {
  return importsOf(source).flatMap((found) => {
    const what = check(found);
    return what === undefined ? [] : [{ path: source.path, line: found.line, what }];
  });
}

const isSource = (path: string): boolean => path.startsWith('src/') && path.endsWith('.ts');

export const layering: Rule = {
  name: 'a layer imports only the layers below it',
  advice:
    'take what is needed by constructor, or move the type down. What the S3 layer sees of records it imports from src/engine/types.ts. The table is in test/tidy/import-rules.ts.',
  check(source) {
    if (!isSource(source.path)) return [];
    const from = layerOf(source.path);
    const allowed = layers[from];
    if (allowed === undefined)
      return [{ path: source.path, line: 1, what: `src/${from}/ has no place among the layers` }];
    return findImports(source, ({ target }) => {
      if (target === undefined || !target.startsWith('src/')) return undefined;
      const to = layerOf(target);
      return to === from || allowed.includes(to) ? undefined : `${from} imports ${to} (${target})`;
    });
  },
};

export const homesOfModules: Rule = {
  name: 'a module with a home is imported there only',
  advice: 'call the layer that owns it; the homes are listed in test/tidy/import-rules.ts.',
  check(source) {
    if (!isSource(source.path) || isTest(source.path) || source.path.endsWith('/generate.ts')) return [];
    return findImports(source, ({ from, isTypeOnly: typesOnly }) => {
      const home = homes.find(({ module }) => module.test(from));
      if (home === undefined || (home.typesAnywhere && typesOnly)) return undefined;
      const isHome = home.places.some((place) =>
        place === 'top' ? layerOf(source.path) === 'top' : source.path.startsWith(place),
      );
      return isHome ? undefined : `imports ${from}`;
    });
  },
};

export const productStandsAlone: Rule = {
  name: 'the product imports no tests, and the black-box rings import no product',
  advice:
    'a ring outside the daemon speaks to it as clients do; what both sides need is written twice or lives in test/support.',
  check(source) {
    const isBlackBox = /^test\/(clients|conformance|operations)\//.test(source.path);
    if (!isBlackBox && !isSource(source.path)) return [];
    return findImports(source, ({ target, isTypeOnly: typesOnly }) => {
      if (target === undefined) return undefined;
      if (isBlackBox) return isSource(target) && !typesOnly ? `imports ${target}` : undefined;
      if (!isTest(source.path) && isTest(target)) return `imports ${target}`;
      return target.startsWith('src/') || isTest(source.path) ? undefined : `imports ${target}`;
    });
  },
};

/** Each cycle of imports once, as the paths along it; the first is repeated at the end. */
export function findCycles(sources: readonly Source[]): readonly (readonly string[])[] {
  const edges = new Map(
    sources.map((source) => [source.path, importsOf(source).flatMap(({ target }) => target ?? [])]),
  );
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) cycles.push([...trail.slice(at), path]);
    if (at !== -1 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}

/** Imports whose file is not there, which a type checker that looks away would miss. */
export function findMissing(sources: readonly Source[]): readonly Finding[] {
  const paths = new Set(sources.map(({ path }) => path));
  return sources.flatMap((source) =>
    findImports(source, ({ target }) => (target === undefined || paths.has(target) ? undefined : `no file ${target}`)),
  );
}
