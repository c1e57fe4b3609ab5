/** Measures works one after the other, and cleans up whatever happens. */
import { mkdirSync } from 'node:fs';
import { NodeHttpServer } from './limits/node-http.ts';
import { LoadClient } from './load/load-client.ts';
import type { Options } from './options.ts';
import type { Figure } from './report/figure.ts';
import { ScratchFolder } from './scratch-folder.ts';
import { ForeignSites, OwnSites, type Sites } from './sites.ts';
import type { Bench, Work } from './work.ts';

/** A work without a figure, and why. */
export interface Missing {
  readonly names: readonly string[];
  readonly reason: string;
}

export interface Report {
  readonly figures: readonly Figure[];
  /** Works that cannot be measured this way. */
  readonly leftOut: readonly Missing[];
  /** Works that should have been measured. */
  readonly failed: readonly Missing[];
}

/** Whether a name was asked for: as a whole, or by its beginning up to a dash. */
export function isChosen(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((wanted) => name === wanted || name.startsWith(`${wanted}-`));
}

export async function run(works: readonly Work[], options: Options, say: (text: string) => void): Promise<Report> {
  const report = { figures: [] as Figure[], leftOut: [] as Missing[], failed: [] as Missing[] };
  const fail = (names: readonly string[], error: unknown): void => {
    report.failed.push({ names, reason: error instanceof Error ? error.message : String(error) });
  };
  const stack = new AsyncDisposableStack();
  try {
    const bench = await openBench(options, stack);
    for (const { names, ownServerBecause, run: measure } of works) {
      if (options.against && ownServerBecause !== undefined) {
        report.leftOut.push({ names, reason: ownServerBecause });
        continue;
      }
      say(`${names.join(', ')} …`);
      await measure(bench).then(
        (figures) => report.figures.push(...figures),
        (error: unknown) => fail(names, error),
      );
    }
  } finally {
    // What was measured is worth telling even if something stays behind.
    await stack.disposeAsync().catch((error: unknown) => fail(['clean-up'], error));
  }
  return report;
}

async function openBench(options: Options, stack: AsyncDisposableStack): Promise<Bench> {
  const { profileFolder, seconds, memoryGibibytes } = options;
  if (profileFolder !== undefined) mkdirSync(profileFolder, { recursive: true });
  const { path: folder } = stack.use(new ScratchFolder(options.folder));
  const load = stack.use(await LoadClient.start());
  const limits = new Map<'constant' | number, NodeHttpServer>();
  const sites: Sites = stack.use(
    options.against ? new ForeignSites(load, options.against) : new OwnSites({ load, folder, profileFolder }),
  );
  return {
    load,
    folder,
    profileFolder,
    seconds,
    memoryGibibytes,
    site: (stage) => sites.open(stage),
    async nodeHttp(answer) {
      const known = limits.get(answer);
      if (known !== undefined) return known.endpoint;
      const server = answer === 'constant' ? NodeHttpServer.constant() : NodeHttpServer.file(folder, answer);
      const started = stack.use(await server);
      limits.set(answer, started);
      return started.endpoint;
    },
  };
}
