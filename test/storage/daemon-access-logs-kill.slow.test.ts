/** `kill -9` of a server that keeps and delivers access logs while clients read and write: condition → result. */
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { parseLog } from '../support/access-log-lines.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { signedRequests } from '../support/signed-requests.ts';

const kills = 3;
/** A line is kept within a second. */
const youngestKeptMs = 2000;
/** On a busy machine the second is a long one: what is kept before so many later requests are answered is older than these. */
const youngestKept = 40;

async function logged(daemon: Daemon): Promise<{ source: string; target: string }> {
  const [source, target] = [await daemon.newBucket(), await daemon.newBucket()];
  const statement = { Effect: 'Allow', Principal: { Service: 'logging.s3.amazonaws.com' }, Action: 's3:PutObject' };
  const Statement = [{ ...statement, Resource: `arn:aws:s3:::${target}/*` }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await daemon.client.send(new PutBucketPolicyCommand({ Bucket: target, Policy }));
  const BucketLoggingStatus = { LoggingEnabled: { TargetBucket: target, TargetPrefix: '' } };
  await daemon.client.send(new PutBucketLoggingCommand({ Bucket: source, BucketLoggingStatus }));
  return { source, target };
}

/** Ids of all requests that the log has, as often as it has them. */
async function readLog({ client }: Daemon, Bucket: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let token: string | undefined; ; ) {
    const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken: token }));
    for (const { Key } of page.Contents ?? []) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      ids.push(...parseLog((await Body?.transformToString()) ?? '').map(({ whole }) => whole.split(' ')[6] ?? ''));
    }
    token = page.NextContinuationToken;
    if (token === undefined) return ids;
  }
}

test('killed again and again while it keeps lines and delivers them → every request that was answered before the last seconds is in the log', async () => {
  const config = 'accessLogs: { deliveryInterval: 500ms }';
  await using daemon = await startDaemon({ config });
  const { source: Bucket, target } = await logged(daemon);
  const answered: { readonly id: string; readonly atMs: number }[] = [];
  let isOver = false;
  const work = async (name: string): Promise<void> => {
    for (let i = 0; !isOver; i++) {
      try {
        const put = await daemon.client.send(new PutObjectCommand({ Bucket, Key: name, Body: String(i) }));
        const got = await daemon.client.send(new GetObjectCommand({ Bucket, Key: name }));
        await got.Body?.transformToByteArray();
        for (const { $metadata } of [put, got]) answered.push({ id: $metadata.requestId ?? '', atMs: Date.now() });
      } catch {
        // The server is down, for a moment.
      }
    }
  };
  const workers = ['a', 'b'].map(work);
  const due: string[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const from = answered.length;
    await eventually(() => expect(answered.length).toBeGreaterThan(from + 200));
    const atMs = Date.now();
    await eventually(() => expect(Date.now()).toBeGreaterThan(atMs + youngestKeptMs));
    const later = answered.length;
    await eventually(() => expect(answered.length).toBeGreaterThan(later + youngestKept));
    await daemon.kill9();
    // What was answered before the kill before this one had its own.
    due.push(...answered.slice(from).flatMap((one) => (one.atMs <= atMs ? [one.id] : [])));
    await daemon.start();
  }
  isOver = true;
  await Promise.all(workers);
  const { send } = signedRequests(() => daemon);
  const found = await eventually(async () => {
    await send({ method: 'POST', path: '/-/jobs/access-logs/run', body: '' });
    const ids = new Set(await readLog(daemon, target));
    expect(due.filter((id) => !ids.has(id))).toEqual([]);
    return ids;
  });
  expect(due.length).toBeGreaterThan(kills * 200);
  expect(found.size).toBeGreaterThanOrEqual(new Set(due).size);
});
