/** The status of a server in plain words and aligned tables. Pure. */
import type { DiskStatus, JobDescription, Status } from '../admin/status-schema.ts';
import { formatBytes, formatSpan, formatTime } from './quantities.ts';
import { table } from './tables.ts';

export function statusText(status: Status, endpoint: string): string {
  const { version, nowMs, startedMs, problems, sharedFileSystems, zones, disks, groups, events, replication, jobs } =
    status;
  const attention = problems.length === 0 ? 'Nothing needs attention.' : `Needs attention\n${bullets(problems)}`;
  const together = sharedFileSystems.length === 0 ? [] : [`What fails together\n${bullets(sharedFileSystems)}`];
  return [
    `Ninefold ${version} at ${endpoint}, up for ${formatSpan(nowMs - startedMs)}`,
    attention,
    ...together,
    `Zones\n${table(zones.map((zone) => zoneRow(zone, nowMs)))}`,
    `Disks\n${disksTable(disks, nowMs)}`,
    ...(groups.length < 2 ? [] : [`Disk groups\n${table(groups.map(groupRow))}`]),
    `Redundancy\n${table(redundancyRows(status))}`,
    `Space\n${table(spaceRows(status))}`,
    `Index\n${table(indexRows(status))}`,
    ...(events.length === 0 ? [] : [`Events\n${eventsTable(events, nowMs)}`]),
    ...(replication.length === 0 ? [] : [`Replication\n${replicationTable(replication, nowMs)}`]),
    `Background work\n${jobsTable(jobs, nowMs)}`,
  ].join('\n\n');
}

/** One line a disk, the head first. */
export function disksTable(disks: readonly DiskStatus[], nowMs: number): string {
  const hasGroups = disks.some(({ group }) => group !== 'default');
  const head = ['zone', ...(hasGroups ? ['group'] : []), 'id', 'state', 'for', 'size', 'free', 'path', ''];
  const rows = disks.map(({ zone, group, id, state, isFull, sinceMs, sizeBytes, freeBytes, path, reason = '' }) => [
    zone,
    ...(hasGroups ? [group] : []),
    id.slice(0, shownIdLength) || '-',
    isFull ? `${state}, full` : state,
    formatSpan(nowMs - sinceMs),
    sizeBytes === undefined ? '-' : formatBytes(sizeBytes),
    freeBytes === undefined ? '-' : formatBytes(freeBytes),
    path,
    reason,
  ]);
  return table([head, ...rows], { alignedRight: hasGroups ? [5, 6] : [4, 5] });
}

/** One line a job. */
export function jobsTable(jobs: readonly JobDescription[], nowMs: number): string {
  return table(jobs.map((job) => jobRow(job, nowMs)));
}

/** As much of a disk's id as tells disks apart, and as commands take. */
const shownIdLength = 8;

function bullets(sentences: readonly string[]): string {
  return sentences.map((sentence) => `  - ${sentence}`).join('\n');
}

function zoneRow(zone: Status['zones'][number], nowMs: number): readonly string[] {
  const { name, disks, disksInUse, log, snapshot, logFiles, path } = zone;
  const state = log === 'counts' ? 'log counts' : 'log is stale';
  const files = logFiles && `${logFiles.files} ${logFiles.files === 1 ? 'file' : 'files'}`;
  const from = logFiles && `from record ${logFiles.firstSequence} on, ${formatBytes(logFiles.sizeBytes)}`;
  // Before the first look nobody knows.
  const none = logFiles ? 'no snapshot' : '';
  return [
    name,
    `${disksInUse} of ${disks} disks in use`,
    logFiles ? `${state}: ${files} ${from}` : state,
    snapshot ? `snapshot of record ${snapshot.sequence}, ${formatSpan(nowMs - snapshot.madeMs)} old` : none,
    path,
  ];
}

function groupRow({ name, disks, disksInUse, segments, liveBytes, storedBytes, deadBytes }: Status['groups'][number]) {
  const stored = `${formatBytes(storedBytes)} stored in ${segments} ${segments === 1 ? 'segment' : 'segments'}`;
  return [
    name,
    `${disksInUse} of ${disks} disks in use`,
    `${formatBytes(liveBytes)} of objects`,
    `${stored}, ${formatBytes(deadBytes)} of it dead`,
  ];
}

function redundancyRows({ redundancy }: Status): readonly (readonly string[])[] {
  if (redundancy === undefined) return [['nothing is stored']];
  return redundancy.classes.map(({ survives, segments, liveBytes }) => [
    survives < 0 ? 'cannot be read now' : `survives ${survives} more ${survives === 1 ? 'loss' : 'losses'} of disks`,
    formatBytes(liveBytes),
    `in ${segments} ${segments === 1 ? 'segment' : 'segments'}`,
  ]);
}

function spaceRows({ space }: Status): readonly (readonly string[])[] {
  const ratio = space.liveBytes === 0 ? '' : `, ${(space.storedBytes / space.liveBytes).toFixed(2)} times the objects`;
  return [
    ['objects', formatBytes(space.liveBytes), 'each byte counted once'],
    ['stored', formatBytes(space.storedBytes), `in ${space.segments} segments, all shard files together${ratio}`],
    ['  live', formatBytes(space.storedLiveBytes), 'objects with their parity or copies'],
    ['  dead', formatBytes(space.storedDeadBytes), 'deleted or never committed, not yet given back'],
    ['  overhead', formatBytes(space.storedOverheadBytes), 'headers, labels and padding'],
    ['free', formatBytes(space.freeBytes), `of ${formatBytes(space.sizeBytes)} on the disks' file systems`],
    ['reserve', formatBytes(space.reserveBytes), 'of it kept for deletes and what frees space'],
  ];
}

function indexRows({ index }: Status): readonly (readonly string[])[] {
  const { sequence, epoch, snapshotSequence, logBytesSinceSnapshot } = index;
  const since = `${formatBytes(logBytesSinceSnapshot)} of log since`;
  return [
    ['log', `record ${sequence}, epoch ${epoch}`],
    ['snapshot', snapshotSequence === undefined ? 'none yet' : `of record ${snapshotSequence}, ${since}`],
  ];
}

/** One line a target. */
export function eventsTable(events: Status['events'], nowMs: number): string {
  return table(
    events.map(({ target, waiting, oldestMs, deadLetters }) => [
      target,
      `${waiting} wait${oldestMs === undefined ? '' : `, the oldest for ${formatSpan(nowMs - oldestMs)}`}`,
      deadLetters === 0 ? '' : `${deadLetters} given up`,
    ]),
  );
}

/** One line a destination. */
function replicationTable(replication: Status['replication'], nowMs: number): string {
  return table(
    replication.map(({ destination, waiting, oldestMs, failed }) => [
      destination,
      `${waiting} wait${oldestMs === undefined ? '' : `, the oldest for ${formatSpan(nowMs - oldestMs)}`}`,
      failed === 0 ? '' : `${failed} failed`,
    ]),
  );
}

function jobRow({ name, state, nextRunMs, failures, lastError, details }: JobDescription, nowMs: number): string[] {
  const next = state === 'waiting' && nextRunMs > nowMs ? `next in ${formatSpan(nextRunMs - nowMs)}` : '';
  const error = failures > 0 ? `${failures} failures: ${lastError}` : '';
  return [name, state, next, error || describeDetails(details)];
}

/** What a job says of itself. */
export function describeDetails(details: JobDescription['details']): string {
  return Object.entries(details)
    .map(([figure, value]) => describeFigure(figure, value))
    .join(', ');
}

/** `droppedShardBytes` 2048 → `dropped shard 2.00 KiB`, `secondsLeft` 60 → `about 1 minute left`, `waitingSegments` 3 → `waiting segments 3`. */
function describeFigure(figure: string, value: number | string): string {
  const words = figure.replace(/(Bytes|Ms)$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  if (typeof value === 'string') return `${words} ${value}`;
  if (figure === 'secondsLeft') return `about ${formatSpan(value * 1000)} left`;
  if (figure.endsWith('Bytes')) return `${words} ${formatBytes(value)}`;
  if (figure.endsWith('Ms')) return `${words} ${formatTime(value)}`;
  return `${words} ${value}`;
}
