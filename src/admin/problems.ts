/** What in a status needs the operator's attention, in sentences, the worst first. Pure. */
import { contradictionProblems, redundancyProblems } from './redundancy.ts';
import type { DiskStatus, Status } from './status-schema.ts';

const diskTroubles: Readonly<Partial<Record<DiskStatus['state'], string>>> = {
  missing: 'is missing',
  failed: 'has failed and takes no writes',
  suspect: 'is suspect and takes no writes until it has been verified',
};

export function findProblems(status: Omit<Status, 'problems'>): readonly string[] {
  const { disks, zones, jobs } = status;
  return [
    ...lossProblems(jobs),
    ...redundancyProblems(status.redundancy),
    ...contradictionProblems(status.contradictions),
    ...disks.flatMap(describeDisk),
    ...zones.flatMap(({ name, log }) =>
      log === 'counts' ? [] : [`The commit log of ${name} is stale: it does not count until it has been refilled.`],
    ),
    ...disks.filter(({ isFull }) => isFull).map(({ path }) => `Disk ${path} is full: it takes no new data.`),
    ...jobs
      .filter(({ state }) => state === 'failing')
      .map(({ name, failures, lastError }) => `Job ${name} fails (${failures} times in a row): ${lastError}.`),
    ...status.events
      .filter(({ deadLetters }) => deadLetters > 0)
      .map(({ target, deadLetters }) => `${deadLetters} events for ${target} were given up and are kept.`),
    ...status.replication
      .filter(({ failed }) => failed > 0)
      .map(({ destination, failed }) => `${failed} changes were not replicated to ${destination} and have failed.`),
    ...jobs.filter(({ state }) => state === 'paused').map(({ name }) => `Job ${name} is paused.`),
  ];
}

/** What was found since the start: which versions these are, their events and the refusals of reads say. */
function lossProblems(jobs: Status['jobs']): readonly string[] {
  const lost = Number(jobs.find(({ name }) => name === 'losses')?.details['lostVersions'] ?? 0);
  return lost === 0 ? [] : [`${lost} versions were found to be lost: too few of their shards are left anywhere.`];
}

function describeDisk({ path, state, reason }: DiskStatus): readonly string[] {
  const trouble = diskTroubles[state];
  return trouble === undefined ? [] : [`Disk ${path} ${trouble}${reason === undefined ? '' : `: ${reason}`}.`];
}
