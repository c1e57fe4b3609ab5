/** The bench's command line. */

import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Endpoint } from './load/messages.ts';

export const usage = `npm run bench -- [options]

  --json                 print the report as JSON instead of a table
  --only NAME,…          measure these works alone, each by its name or the beginning of it: put, get-4k, kernel
  --list                 print the names of all works and measure nothing
  --growth               measure how cost grows with clients, sizes, objects and disks instead (--only names these)
  --seconds N            measure each work, and its limit, for so long (3)
  --memory-gib N         so much goes in and out while memory is watched (5)
  --folder DIR           put data here: the disk that is measured (the system's folder for temporary files)
  --profile              leave a CPU profile of the server for each work, and say where its time went
  --profile-folder DIR   where the profiles are put (profiles)
  --check                end with 1 if a ratio is more than a tenth worse than in the baseline
  --save-baseline        make this run's ratios the baseline
  --baseline FILE        another file of ratios than bench/baseline.json
  --against URL          measure another S3 endpoint; what needs a server of our own is left out
  --access-key KEY --secret-key SECRET --region REGION --pid PID
                         of that endpoint; with the id of its process its processor time and memory are measured too`;

/** The command line is not understood; the message says why. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
}

export interface Against {
  readonly endpoint: Endpoint;
  readonly pid: number | undefined;
}

export interface Options {
  readonly isJson: boolean;
  readonly isList: boolean;
  readonly isGrowth: boolean;
  readonly isHelp: boolean;
  readonly only: readonly string[];
  readonly seconds: number;
  readonly memoryGibibytes: number;
  readonly folder: string;
  readonly profileFolder: string | undefined;
  readonly isCheck: boolean;
  readonly isSaved: boolean;
  readonly baselinePath: string;
  readonly against: Against | undefined;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const known = {
  json: flag,
  list: flag,
  growth: flag,
  help: { type: 'boolean', short: 'h' },
  only: text,
  seconds: text,
  'memory-gib': text,
  folder: text,
  profile: flag,
  'profile-folder': text,
  check: flag,
  'save-baseline': flag,
  baseline: text,
  against: text,
  'access-key': text,
  'secret-key': text,
  region: text,
  pid: text,
} as const;

type Values = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: known }).values;
  } catch (error) {
    throw new OptionsError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Throws OptionsError. */
export function readOptions(args: readonly string[]): Options {
  const values = parse(args);
  const against = readAgainst(values);
  const isProfiled = values.profile === true;
  if (isProfiled && values['save-baseline']) throw new OptionsError('A profiled run is slower: it makes no baseline');
  if (isProfiled && against) throw new OptionsError('Only a server of our own can be profiled');
  if (values.growth && against) throw new OptionsError('Growth is measured of servers of our own');
  const baseline = values.baseline ?? fileURLToPath(new URL('baseline.json', import.meta.url));
  return {
    isJson: values.json === true,
    isList: values.list === true,
    isGrowth: values.growth === true,
    isHelp: values.help === true,
    only: values.only?.split(',').filter((name) => name !== '') ?? [],
    seconds: positive('seconds', values.seconds ?? '3'),
    memoryGibibytes: positive('memory-gib', values['memory-gib'] ?? '5'),
    folder: resolve(values.folder ?? tmpdir()),
    profileFolder: isProfiled ? resolve(values['profile-folder'] ?? 'profiles') : undefined,
    isCheck: values.check === true,
    isSaved: values['save-baseline'] === true,
    baselinePath: resolve(baseline),
    against,
  };
}

function positive(name: string, value: string): number {
  const number = Number(value);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new OptionsError(`--${name} is followed by a number above 0`);
}

function readAgainst(values: Values): Against | undefined {
  const { against, region = 'us-east-1', pid } = values;
  const accessKeyId = values['access-key'];
  const secretAccessKey = values['secret-key'];
  if (against === undefined) return undefined;
  if (!URL.canParse(against) || new URL(against).protocol !== 'http:') {
    throw new OptionsError('--against is followed by an http URL: encryption would be measured too');
  }
  if (!accessKeyId || !secretAccessKey) throw new OptionsError('--against needs --access-key and --secret-key');
  const { hostname, port } = new URL(against);
  const endpoint = { host: hostname, port: Number(port || 80), region, accessKeyId, secretAccessKey };
  return { endpoint, pid: pid === undefined ? undefined : positive('pid', pid) };
}
