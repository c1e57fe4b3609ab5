/**
 * `npm run bench`: how fast the server is, and the parts that every request stands on, each beside the limit of this machine
 * that it is held against. Ends with 1 if something could not be measured or a request failed, and with `--check` also if a
 * ratio got worse. docs/performance.md says how to read it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { sizeThreadPool } from '../src/config.ts';
import { growthNames, measureGrowth } from './growth/growth.ts';
import { growthText } from './growth/growth-table.ts';
import { type Options, OptionsError, readOptions, usage } from './options.ts';
import { compare, type Regression, ratiosOf, readBaseline, writeBaseline } from './report/baseline.ts';
import { isMet } from './report/figure.ts';
import { summarise, summaryText } from './report/profile-summary.ts';
import { regressionsText, tableText } from './report/table.ts';
import { isChosen, type Report, run } from './run.ts';
import { works } from './works/works.ts';

/** As many as the server has: the bare loops that it is held against sync as many files at once. */
sizeThreadPool(16);

/** One run, and what it is to be understood by. */
interface Run extends Report {
  readonly date: string;
  readonly machine: string;
  readonly tookSeconds: number;
  /** Undefined where nothing can be compared. */
  readonly regressions: readonly Regression[] | undefined;
}

function machineText(): string {
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const { node } = process.versions;
  return `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}, ${gibibytes} GiB, Node ${node}`;
}

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options.isHelp || options.isList) {
    console.log(options.isHelp ? usage : works.flatMap(({ names }) => names).join('\n'));
    return 0;
  }
  if (options.isGrowth) return growth(options);
  const chosen = works.filter(({ names }) => names.some((name) => isChosen(name, options.only)));
  if (chosen.length === 0) throw new OptionsError(`No work is called ${options.only.join(' or ')}; --list names them`);
  const startedMs = performance.now();
  const report = await run(chosen, options, say);
  const before = existsSync(options.baselinePath) ? readBaseline(options.baselinePath) : undefined;
  const isComparable = before !== undefined && !options.against && options.profileFolder === undefined;
  const done: Run = {
    date: new Date().toISOString(),
    machine: machineText(),
    tookSeconds: Math.round((performance.now() - startedMs) / 1000),
    ...report,
    regressions: isComparable ? compare(report.figures, before) : undefined,
  };
  console.log(options.isJson ? json(done) : text(done, options));
  if (options.isSaved) {
    const { date, machine, figures } = done;
    writeBaseline(options.baselinePath, { now: { date, machine, ratios: ratiosOf(figures) }, before });
  }
  const isBroken = report.failed.length > 0 || report.figures.some(({ failures }) => failures !== undefined);
  return isBroken || (options.isCheck && (done.regressions?.length ?? 0) > 0) ? 1 : 0;
}

async function growth({ isJson, only, folder, seconds }: Options): Promise<number> {
  const unknown = only.find((name) => !growthNames.includes(name));
  if (unknown !== undefined) throw new OptionsError(`Growth is measured with ${growthNames.join(', ')}`);
  const tables = await measureGrowth({ only, folder, seconds }, say);
  const [date, machine] = [new Date().toISOString(), machineText()];
  if (isJson) console.log(JSON.stringify({ date, machine, tables }, undefined, 2));
  else console.log([`${date}, ${machine}`, ...tables.map(growthText)].join('\n\n'));
  return 0;
}

function say(what: string): void {
  process.stderr.write(`${what}\n`);
}

function json({ figures, regressions = [], ...rest }: Run): string {
  const judged = figures.map((figure) => ({ ...figure, isMet: isMet(figure) }));
  return JSON.stringify({ ...rest, figures: judged, regressions }, undefined, 2);
}

function text({ date, machine, tookSeconds, figures, regressions, ...rest }: Run, options: Options): string {
  const lines = [`${date}, ${machine}`, '', tableText(figures), ''];
  for (const { names, reason } of rest.leftOut) lines.push(`Left out: ${names.join(', ')}, as ${reason}.`);
  for (const { name, failures } of figures) {
    for (const [what, count] of Object.entries(failures ?? {})) lines.push(`${name}: ${count} × ${what}`);
  }
  for (const { names, reason } of rest.failed) lines.push(`Failed: ${names.join(', ')}: ${reason}`);
  lines.push(
    ...profileTexts(
      figures.map(({ name }) => name),
      options,
    ),
  );
  if (regressions !== undefined) lines.push(regressionsText(regressions));
  return [...lines, `Took ${tookSeconds} s.`].join('\n');
}

/** Where the time of the server's main thread went, of the works that left a profile. */
function profileTexts(names: readonly string[], { profileFolder }: Options): readonly string[] {
  if (profileFolder === undefined) return [];
  return names.flatMap((name) => {
    const path = join(profileFolder, `${name}.cpuprofile`);
    return existsSync(path) ? [summaryText(name, summarise(JSON.parse(readFileSync(path, 'utf8'))))] : [];
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof OptionsError)) throw error;
  process.stderr.write(`${error.message}\n\n${usage}\n`);
  process.exitCode = 2;
}
