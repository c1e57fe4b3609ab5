/** Clients that change the buckets of servers which replicate to each other, while these are killed; and all that can be told of what is there. */
import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  type S3Client,
  S3ServiceException,
  type Tag,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect, vi } from 'vitest';
import { eventually } from './eventually.ts';
import { versionsOf } from './replicated-buckets.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What every server calls its bucket. */
export const Bucket = 'shared';
const keysMax = 12;
const clientCount = 6;
const convergeLimitMs = 200_000;
/** Longer than any test takes; a MinIO sends whole seconds. */
const lockedUntilMs = (Math.floor(Date.now() / 1000) + 24 * 60 * 60) * 1000;

type Lock = Pick<PutObjectCommandInput, 'ObjectLockMode' | 'ObjectLockRetainUntilDate' | 'ObjectLockLegalHoldStatus'>;

type Guard = Lock & Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'>;

export interface Side {
  readonly client: S3Client;
  kill9(): Promise<void>;
  start(): Promise<void>;
}

export interface Load {
  readonly random: SeededRandom;
  /** One side after the other is killed. */
  readonly kills: number;
  readonly changesBetween: number;
  /** Whether some objects are locked and some encrypted, where all sides can. */
  readonly isGuarded?: boolean;
  /** A key of KMS that all sides have: some of those are under it. */
  readonly keyId?: string;
  /** What is looked at while a side is away, and when it has just come back. */
  look?(): Promise<void>;
}

/** Clients write into any side; each is killed in its turn, at a moment by chance, and started when the others have gone on for a while. */
export async function stir(sides: readonly Side[], load: Load): Promise<void> {
  const { random, kills, changesBetween, look } = load;
  for (let kill = 0; kill < kills; kill++) {
    let left = changesBetween;
    const client = async (): Promise<void> => {
      while (left-- > 0) await change(pick(sides, random.below(sides.length)), load).catch(() => {});
    };
    const clients = Promise.all(Array.from({ length: clientCount }, client));
    const killAt = random.below(changesBetween - 30);
    await eventually(() => expect(left).toBeLessThan(killAt));
    const victim = pick(sides, kill % sides.length);
    await victim.kill9();
    await look?.();
    await clients;
    await victim.start();
    await look?.();
  }
}

function pick(sides: readonly Side[], at: number): Side {
  const side = sides[at];
  if (side === undefined) throw new Error('there is no such side');
  return side;
}

/** One change by a client; what is refused or cut off is as good as none. */
async function change({ client }: Side, load: Load): Promise<void> {
  const { random, isGuarded = false } = load;
  const Key = `key-${random.below(keysMax)}`;
  const kind = random.below(20);
  const guard = isGuarded ? guardOf(load) : {};
  if (kind === 0) return upload(client, Key, guard);
  if (kind < 4) await client.send(new DeleteObjectCommand({ Bucket, Key }));
  else if (isGuarded && kind === 4) {
    const LegalHold = { Status: random.below(2) === 0 ? ('ON' as const) : ('OFF' as const) };
    await client.send(new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold }));
  } else if (isGuarded && kind === 5) {
    const RetainUntilDate = new Date(lockedUntilMs + random.below(1000) * 1000);
    const Retention = { Mode: 'GOVERNANCE' as const, RetainUntilDate };
    await client.send(new PutObjectRetentionCommand({ Bucket, Key, Retention, BypassGovernanceRetention: true }));
  } else if (kind < 8) {
    const Tagging = { TagSet: [{ Key: 'n', Value: String(random.below(1000)) }] };
    await client.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging }));
  } else {
    const Body = Buffer.alloc(random.below(4) === 0 ? 300_000 : 100, random.below(256));
    const Tagging = random.below(4) === 0 ? `with=${random.below(1000)}` : undefined;
    const Metadata = { n: String(random.below(1000)) };
    await client.send(new PutObjectCommand({ Bucket, Key, Body, Tagging, Metadata, ...guard }));
  }
}

/** Of four objects one is encrypted, one retained and one held; with a key, of six objects three are encrypted. */
function guardOf({ random, keyId: SSEKMSKeyId }: Load): Guard {
  const kinds: readonly Guard[] = [
    {},
    { ServerSideEncryption: 'AES256' },
    { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: new Date(lockedUntilMs) },
    { ObjectLockLegalHoldStatus: 'ON' },
    ...(SSEKMSKeyId === undefined
      ? []
      : [
          { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId },
          { ServerSideEncryption: 'aws:kms:dsse' as const, SSEKMSKeyId },
        ]),
  ];
  return kinds[random.below(kinds.length)] ?? {};
}

async function upload(client: S3Client, Key: string, guard: Guard): Promise<void> {
  const begun = { Bucket, Key, Metadata: { in: 'parts' }, ...guard };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(begun));
  const Parts = [];
  for (const [i, Body] of [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('the end')].entries()) {
    const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: i + 1, Body }));
    Parts.push({ ETag, PartNumber: i + 1 });
  }
  await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
}

export interface Told extends Lock {
  readonly Key: string;
  readonly VersionId: string;
  readonly kind: string;
  readonly ETag?: string;
  readonly ServerSideEncryption?: string | undefined;
  readonly TagSet?: readonly Tag[] | undefined;
  readonly status: string | undefined;
}

/** All that can be told of every version, in order. */
export async function everything(client: S3Client): Promise<readonly Told[]> {
  const listed = (await versionsOf(client, Bucket)) as Omit<Told, 'status'>[];
  return Promise.all(
    listed.map(async ({ Key, VersionId, ...rest }) => {
      if (rest.kind === 'marker') return { Key, VersionId, ...rest, status: 'marker' };
      const named = { Bucket, Key, VersionId };
      const { got, content } = await read(client, named);
      const { TagSet } = await client.send(new GetObjectTaggingCommand(named));
      const { ReplicationStatus: status } = got;
      const { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus } = got;
      const lock = { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus };
      return { Key, VersionId, ...rest, ...content, TagSet, ...lock, status };
    }),
  );
}

/** A version, and what of it never changes. */
async function read(client: S3Client, named: { Bucket: string; Key: string; VersionId: string }) {
  const got = await client.send(new GetObjectCommand(named));
  const bytes = createHash('sha256')
    .update((await got.Body?.transformToByteArray()) ?? '')
    .digest('hex');
  const { Metadata, ContentType, ServerSideEncryption } = got;
  return { got, content: { bytes, Metadata, ContentType, ServerSideEncryption } };
}

const newestLooked = 20;
const completedRead = 6;

/**
 * Sees, each time it is called, that newest versions say what is true of them on every side that answers: PENDING or COMPLETED on
 * the one side where a client made them, always the same, and REPLICA elsewhere; and that those which say COMPLETED are everywhere, with the same
 * bytes and metadata.
 */
export function statusWatch(sides: readonly Side[]): () => Promise<void> {
  const owners = new Map<string, number>();
  return () => checkStatuses(sides, owners);
}

async function checkStatuses(sides: readonly Side[], owners: Map<string, number>): Promise<void> {
  const seen = await Promise.all(sides.map(({ client }) => newestStatuses(client)));
  const known = new Map(seen.flatMap((found) => found.map(({ Key, VersionId }) => [VersionId, Key] as const)));
  const completed = new Set(
    seen.flatMap((found) => found.filter(({ status }) => status === 'COMPLETED').map(({ VersionId }) => VersionId)),
  );
  for (const [VersionId, Key] of known) {
    const statuses = await Promise.all(sides.map(({ client }) => statusOf(client, Key, VersionId)));
    const own = statuses.filter((status) => status === 'PENDING' || status === 'COMPLETED');
    const others = statuses.filter((status) => status === 'REPLICA' || status === 'away');
    const message = `${Key} ${VersionId}: ${statuses}`;
    expect(own.length, message).toBeLessThanOrEqual(1);
    if (own.length === 0) expect(statuses, message).toContain('away');
    const absent = statuses.filter((status) => status === 'absent');
    expect(own.length + others.length + absent.length, message).toBe(sides.length);
    if (completed.has(VersionId)) expect(absent, message).toEqual([]);
    const owner = statuses.findIndex((status) => status === 'PENDING' || status === 'COMPLETED');
    if (owner >= 0) expect(owner, message).toBe(owners.get(VersionId) ?? owner);
    if (owner >= 0) owners.set(VersionId, owner);
  }
  for (const VersionId of [...completed].slice(0, completedRead)) {
    const named = { Bucket, Key: known.get(VersionId) ?? '', VersionId };
    const contents = await Promise.all(sides.map(({ client }) => contentThere(client, named)));
    const [first, ...others] = contents.filter((content) => content !== undefined);
    for (const other of others) expect(other, named.Key).toEqual(first);
  }
}

/** Undefined where nobody answers. */
async function contentThere(client: S3Client, named: { Bucket: string; Key: string; VersionId: string }) {
  try {
    return (await read(client, named)).content;
  } catch (error) {
    if (isAnswer(error)) throw error;
    return undefined;
  }
}

async function newestStatuses(
  client: S3Client,
): Promise<readonly { Key: string; VersionId: string; status: string }[]> {
  try {
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    const newest = Versions.toSorted((a, b) => Number(b.LastModified) - Number(a.LastModified)).slice(0, newestLooked);
    return await Promise.all(
      newest.map(async ({ Key = '', VersionId = '' }) => {
        return { Key, VersionId, status: await statusOf(client, Key, VersionId) };
      }),
    );
  } catch (error) {
    if (isAnswer(error)) throw error;
    return [];
  }
}

/** What a version says of itself; `absent` where it is not there, `away` where nobody answers. */
async function statusOf(client: S3Client, Key: string, VersionId: string): Promise<string> {
  try {
    const { ReplicationStatus = 'none' } = await client.send(new HeadObjectCommand({ Bucket, Key, VersionId }));
    return ReplicationStatus;
  } catch (error) {
    if (!isAnswer(error)) return 'away';
    if (error.$metadata.httpStatusCode === 404) return 'absent';
    throw error;
  }
}

function isAnswer(error: unknown): error is S3ServiceException {
  return error instanceof S3ServiceException;
}

export interface Comparison {
  readonly seed: number;
  compared(all: readonly Told[]): readonly object[];
}

/**
 * Waits until all sides have the same, as far as `compared` goes, where each version is COMPLETED on one side and REPLICA on all
 * others; and sees that it stays so. Returns how many versions and markers there are.
 */
export async function converge(sides: readonly Side[], { seed, compared }: Comparison): Promise<number> {
  const look = () => Promise.all(sides.map(({ client }) => everything(client)));
  const settled = await vi.waitFor(
    async () => {
      const [first = [], ...others] = await look();
      for (const [i, other] of others.entries()) {
        expect(compared(other), `seed ${seed}, side ${i + 1} and side 0`).toEqual(compared(first));
      }
      for (const [i, version] of first.entries()) {
        if (version.kind === 'marker') continue;
        const statuses = [first, ...others].map((all) => all[i]?.status).toSorted();
        expect(statuses, `seed ${seed}`).toEqual(['COMPLETED', ...others.map(() => 'REPLICA')]);
      }
      return [first, ...others];
    },
    { timeout: convergeLimitMs, interval: 1000 },
  );
  expect(await look()).toEqual(settled);
  return settled[0]?.length ?? 0;
}
