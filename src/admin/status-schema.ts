/**
 * The status of a server as `GET /-/status` answers it: one definition for the server, which makes it, and the command
 * line, which reads it. A figure that is not known is left out; none is guessed. Readers ignore members they do not know.
 */
import { z } from 'zod';

export const diskSchema = z.object({
  /** Empty as long as the disk's identity was never seen. */
  id: z.string(),
  path: z.string(),
  zone: z.string(),
  group: z.string(),
  state: z.enum(['healthy', 'suspect', 'failed', 'missing', 'draining', 'replaced']),
  /** Why it is in this state. */
  reason: z.string().optional(),
  sinceMs: z.number(),
  /** It takes no new data. */
  isFull: z.boolean(),
  /** Of its file system; left out if the disk was never seen. */
  sizeBytes: z.number().optional(),
  freeBytes: z.number().optional(),
  /** What is kept free for deletes and what frees space. */
  reserveBytes: z.number().optional(),
  /** The same for disks of one file system. */
  device: z.string().optional(),
});

/** Disks of one group, and what lies on them. */
const groupSchema = z.object({
  name: z.string(),
  disks: z.number(),
  /** Disks that are healthy. */
  disksInUse: z.number(),
  segments: z.number(),
  /** As in `space`, of what lies on the group. */
  liveBytes: z.number(),
  storedBytes: z.number(),
  deadBytes: z.number(),
});

const zoneSchema = z.object({
  name: z.string(),
  path: z.string(),
  disks: z.number(),
  /** Disks that are healthy. */
  disksInUse: z.number(),
  /** Whether its copy of the commit log counts towards a commit; a stale one is refilled while the server runs. */
  log: z.enum(['counts', 'stale']),
  /** Its snapshot of the index, when it was last looked at, some seconds ago; left out if there is none. */
  snapshot: z
    .object({
      /** Of the last record in it. */
      sequence: z.number(),
      /** When this copy of it was written. */
      madeMs: z.number(),
      sizeBytes: z.number(),
    })
    .optional(),
  /** Its files of the commit log, when they were last looked at; left out if there is none. */
  logFiles: z
    .object({
      files: z.number(),
      sizeBytes: z.number(),
      /** Of the first record in the oldest file; the snapshot has all before it. */
      firstSequence: z.number(),
      /** Of the first record in the newest file. */
      newestFileSequence: z.number(),
    })
    .optional(),
});

/** Events on their way to a target that have not arrived. */
const eventsSchema = z.object({
  /** ARN. */
  target: z.string(),
  waiting: z.number(),
  /** When the oldest that waits happened. */
  oldestMs: z.number().optional(),
  deadLetters: z.number(),
});

/** Changes on their way to a bucket. */
const replicationSchema = z.object({
  /** ARN. */
  destination: z.string(),
  waiting: z.number(),
  /** Since when the oldest waits. */
  oldestMs: z.number().optional(),
  failed: z.number(),
});

export const jobSchema = z.object({
  name: z.string(),
  state: z.enum(['running', 'waiting', 'paused', 'failing', 'stopped']),
  steps: z.number(),
  nextRunMs: z.number(),
  lastRunMs: z.number().optional(),
  /** Runs asked for since the start, and how many of these have come to their end. */
  runsAsked: z.number(),
  runsDone: z.number(),
  failures: z.number(),
  lastError: z.string().optional(),
  details: z.record(z.string(), z.union([z.number(), z.string()])),
});

const spaceSchema = z.object({
  /** Bytes of objects and parts that can be read, each counted once. */
  liveBytes: z.number(),
  /** Bytes of all shard files on disks that can be read: the sum of the next three. */
  storedBytes: z.number(),
  /** Of content that rows name, with its parity or copies. */
  storedLiveBytes: z.number(),
  /**
   * Of content that no row names, any more or yet, with its parity or copies; and all of a sealed segment in which no row
   * names a byte. Compaction and the collection of garbage give it back.
   */
  storedDeadBytes: z.number(),
  /**
   * The rest: headers, directories with the labels of blobs, padding, and what an interrupted write left; of a segment that
   * was found at the start, also its dead content until compaction or scrub has measured it, at most as much of it as
   * compaction leaves alone.
   */
  storedOverheadBytes: z.number(),
  segments: z.number(),
  /** Of the file systems that the disks lie on, each counted once. */
  sizeBytes: z.number(),
  freeBytes: z.number(),
  /** Kept free for deletes and what frees space: new data is refused before. */
  reserveBytes: z.number(),
});

const redundancySchema = z.object({
  /** How many more losses of disks the worst object survives; below 0 it cannot be read now. */
  survives: z.number(),
  /** What the worst one lacks. */
  why: z.string(),
  /** Segments and what is live in them, by how many more losses they survive; the worst first. */
  classes: z.array(z.object({ survives: z.number(), segments: z.number(), liveBytes: z.number() })),
  /** Segments that lack shards. */
  degradedSegments: z.number(),
});

const contradictionSchema = z.object({
  segment: z.string(),
  /** Of its stripes whose shards are as they were sealed, and contradict each other. */
  offsets: z.array(z.number()),
});

const indexSchema = z.object({
  /** Of the last record of the commit log. */
  sequence: z.number(),
  epoch: z.number(),
  /** Of the last record in the newest snapshot of the index; left out if there is none. */
  snapshotSequence: z.number().optional(),
  /** Bytes of log since then. */
  logBytesSinceSnapshot: z.number(),
});

export const statusSchema = z.object({
  version: z.string(),
  nowMs: z.number(),
  startedMs: z.number(),
  /** What needs the operator's attention, the worst first, each a sentence. */
  problems: z.array(z.string()),
  zones: z.array(zoneSchema),
  groups: z.array(groupSchema),
  /** What fails together, in sentences; empty where every disk has a file system of its own. */
  sharedFileSystems: z.array(z.string()),
  disks: z.array(diskSchema),
  space: spaceSchema,
  /** Of what is live; left out where nothing is. */
  redundancy: redundancySchema.optional(),
  /** What scrub found wrong and could not tell the right of. */
  contradictions: z.array(contradictionSchema).default([]),
  index: indexSchema,
  /** Of the targets for which there are any. */
  events: z.array(eventsSchema),
  /** Of the destinations for which something waits or has failed. */
  replication: z.array(replicationSchema).default([]),
  jobs: z.array(jobSchema),
});

export type Status = z.infer<typeof statusSchema>;
export type DiskStatus = z.infer<typeof diskSchema>;
export type JobDescription = z.infer<typeof jobSchema>;
