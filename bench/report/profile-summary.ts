/** Where the main thread's time went, read from a CPU profile: by part of the program, and the functions that took most. */
import { z } from 'zod';

/** As Node's inspector gives it; only what is read here. */
const profileSchema = z.looseObject({
  nodes: z.array(
    z.looseObject({ id: z.number(), callFrame: z.looseObject({ functionName: z.string(), url: z.string() }) }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

export interface Share {
  readonly name: string;
  /** Of all the time that was not idle. */
  readonly share: number;
}

export interface ProfileSummary {
  /** Share of the whole time in which the thread had nothing to do. */
  readonly idle: number;
  readonly parts: readonly Share[];
  readonly functions: readonly Share[];
}

const idleName = '(idle)';

export function summarise(profile: unknown): ProfileSummary {
  const { nodes, samples, timeDeltas } = profileSchema.parse(profile);
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let [idle, busy] = [0, 0];
  samples.forEach((id, i) => {
    const frame = frames.get(id) ?? { functionName: '', url: '' };
    const time = Math.max(0, timeDeltas[i] ?? 0);
    if (frame.functionName === idleName) {
      idle += time;
      return;
    }
    busy += time;
    const file = /[^/]*$/.exec(frame.url)?.[0] ?? '';
    add(parts, partOf(frame), time);
    add(functions, `${frame.functionName || '(anonymous)'}${file === '' ? '' : ` ${file}`}`, time);
  });
  return { idle: idle / Math.max(1, idle + busy), parts: shares(parts, busy), functions: shares(functions, busy) };
}

/** A layer of ours, a package, Node, or what the engine does by itself. */
function partOf({ functionName, url }: { functionName: string; url: string }): string {
  const own = /\/src\/(?:([^/]+)\/)?(?:[^/]+\/)*[^/]+\.[jt]s$/.exec(url);
  const installed = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (installed !== undefined) return installed;
  if (own !== null) return `src/${own[1] ?? ''}`;
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url.startsWith('node:')) return 'Node';
  return 'native code';
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time);
}

function shares(times: ReadonlyMap<string, number>, whole: number): readonly Share[] {
  return [...times]
    .map(([name, time]) => ({ name, share: time / Math.max(1, whole) }))
    .sort((a, b) => b.share - a.share);
}

const functionsShown = 8;
const shareShown = 0.01;

export function summaryText(work: string, { idle, parts, functions }: ProfileSummary): string {
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  const list = (all: readonly Share[]): string =>
    all
      .filter(({ share }) => share >= shareShown)
      .map(({ name, share }) => `${name} ${percent(share)}`)
      .join(', ');
  return `${work}: idle ${percent(idle)}; of the rest ${list(parts)}\n  ${list(functions.slice(0, functionsShown))}`;
}
