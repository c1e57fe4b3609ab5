/** The status of a server in plain words and aligned tables. Pure. */
import type { DiskStatus, JobDescription, Status } from '../admin/status-schema.ts';
import { formatBytes, formatSpan } from './quantities.ts';
import { table } from './tables.ts';

export function statusText(status: Status, endpoint: string): string {
  const { version, nowMs, startedMs, problems, sharedFileSystems, zones, disks, index, jobs } = status;
  const attention = problems.length === 0 ? 'Nothing needs attention.' : `Needs attention\n${bullets(problems)}`;
  const together = sharedFileSystems.length === 0 ? [] : [`What fails together\n${bullets(sharedFileSystems)}`];
  return [
    `Ninefold ${version} at ${endpoint}, up for ${formatSpan(nowMs - startedMs)}`,
    attention,
    ...together,
    `Zones\n${table(zones.map(zoneRow))}`,
    `Disks\n${disksTable(disks, nowMs)}`,
    `Space\n${table(spaceRows(status))}`,
    `Index\n${table([['log record', String(index.sequence), `epoch ${index.epoch}`]])}`,
    `Background work\n${table(jobs.map((job) => jobRow(job, nowMs)))}`,
  ].join('\n\n');
}

/** One line a disk, the head first. */
export function disksTable(disks: readonly DiskStatus[], nowMs: number): string {
  const head = ['zone', 'id', 'state', 'for', 'size', 'free', 'path', ''];
  const rows = disks.map(({ zone, id, state, isFull, sinceMs, sizeBytes, freeBytes, path, reason = '' }) => [
    zone,
    id.slice(0, shownIdLength) || '-',
    isFull ? `${state}, full` : state,
    formatSpan(nowMs - sinceMs),
    sizeBytes === undefined ? '-' : formatBytes(sizeBytes),
    freeBytes === undefined ? '-' : formatBytes(freeBytes),
    path,
    reason,
  ]);
  return table([head, ...rows], { alignedRight: [4, 5] });
}

/** As much of a disk's id as tells disks apart, and as commands take. */
const shownIdLength = 8;

function bullets(sentences: readonly string[]): string {
  return sentences.map((sentence) => `  - ${sentence}`).join('\n');
}

function zoneRow({ name, disks, disksInUse, log, path }: Status['zones'][number]): readonly string[] {
  return [name, `${disksInUse} of ${disks} disks in use`, log === 'counts' ? 'log counts' : 'log is stale', path];
}

function spaceRows({ space }: Status): readonly (readonly string[])[] {
  return [
    ['live', formatBytes(space.liveBytes), `of objects, in ${space.segments} segments`],
    ['free', formatBytes(space.freeBytes), `of ${formatBytes(space.sizeBytes)} on the disks' file systems`],
  ];
}

function jobRow({ name, state, nextRunMs, failures, lastError, details }: JobDescription, nowMs: number): string[] {
  const next = state === 'waiting' && nextRunMs > nowMs ? `next in ${formatSpan(nextRunMs - nowMs)}` : '';
  const error = failures > 0 ? `${failures} failures: ${lastError}` : '';
  const figures = Object.entries(details).map(([figure, value]) => describeFigure(figure, value));
  return [name, state, next, error || figures.join(', ')];
}

/** `droppedShardBytes` 2048 → `dropped shard 2.00 KiB`; `waitingSegments` 3 → `waiting segments 3`. */
function describeFigure(figure: string, value: number | string): string {
  const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const isSize = figure.endsWith('Bytes') && typeof value === 'number';
  return isSize ? `${words(figure.slice(0, -'Bytes'.length))} ${formatBytes(value)}` : `${words(figure)} ${value}`;
}
