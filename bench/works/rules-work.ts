/**
 * What one event rule and one replication rule cost a small PUT: the same on a bucket with both beside a bucket with none, by
 * turns on one server. Everything is delivered meanwhile, to a webhook and to another server that answer at once. What is left
 * to be delivered after a slice is waited for, so that it never burdens the slice without rules. What the deliveries cost shows in
 * a second figure, the processor time of a PUT until all that it leaves is done.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PutBucketNotificationConfigurationCommand, PutBucketReplicationCommand, S3Client } from '@aws-sdk/client-s3';
import type { Prepared } from '../load/load-client.ts';
import type { Endpoint, RequestSet } from '../load/messages.ts';
import type { Figure } from '../report/figure.ts';
import { median, medianBounds, percentile, sortedTogether } from '../report/statistics.ts';
import { cpuSeconds } from '../server/process-figures.ts';
import { ServerProcess } from '../server/server-process.ts';
import type { Bench, Work } from '../work.ts';

const clientCounts = [1, 4, 8];
/** Pairs of slices for each number of clients: many short ones, as the difference that is looked for is small. */
const turnCount = 21;
const bodyBytes = 4096;
const keyCount = 2000;
const role = 'replication';
const account = '000000000000';
const queue = `arn:aws:sqs:us-east-1:${account}:bench`;
const destination = 'arn:aws:s3:::bench-elsewhere';
const restMs = 200;
/** An idle server takes about a hundredth. */
const restShareMax = 0.1;
const restLimitMs = 60_000;
const blindRestMs = 2000;

const nameOf = (clients: number): string => `put-4k-rules-${clients}`;
const deliveredNameOf = (clients: number): string => `${nameOf(clients)}-delivered`;
const clientsText = (clients: number): string => (clients === 1 ? '1 client' : `${clients} clients`);

/** Processor time of the server. */
class Spent {
  requests = 0;
  /** While clients ask, … */
  #asked = 0;
  /** … and until all that they leave is done. */
  #inAll = 0;

  add(requests: number, [before, asked, rested]: readonly (number | undefined)[]): void {
    if (before === undefined || asked === undefined || rested === undefined) return;
    this.requests += requests;
    this.#asked += asked - before;
    this.#inAll += rested - before;
  }
  get msPerRequest(): number {
    return (this.#asked * 1000) / this.requests;
  }
  get usPerRequestInAll(): number {
    return (this.#inAll * 1e6) / this.requests;
  }
}

export const rulesWorks: readonly Work[] = clientCounts.map((clients) => ({
  names: [nameOf(clients), deliveredNameOf(clients)],
  ownServerBecause: 'where events and replicas go is in the configuration of a server of our own',
  async run(bench) {
    const dataFolder = mkdtempSync(join(bench.folder, 'rules-'));
    try {
      await using server = await startServer(dataFolder, await bench.nodeHttp('constant'), {
        isInspected: bench.profileFolder !== undefined,
      });
      await putRules(server.endpoint);
      return await measure(bench, server, clients);
    } finally {
      rmSync(dataFolder, { recursive: true });
    }
  },
}));

function startServer(
  dataFolder: string,
  peer: Endpoint,
  { isInspected }: { isInspected: boolean },
): Promise<ServerProcess> {
  const url = `http://${peer.host}:${peer.port}`;
  const { accessKeyId, secretAccessKey } = peer;
  const trust = { Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };
  const roles = [{ name: role, trust: { Version: '2012-10-17', Statement: [trust] }, inlinePolicies: { everything } }];
  const destinations = [{ endpoint: url, accessKeyId, secretAccessKey, buckets: [{ arn: destination }] }];
  const targets = [{ arn: queue, webhook: { url, secret: 'at-least-16-characters' } }];
  const config = { accounts: [{ id: account, roles }], replication: { destinations }, events: { targets } };
  const configPath = join(dataFolder, 'bench.yaml');
  // JSON is YAML too.
  writeFileSync(configPath, JSON.stringify(config));
  const buckets = ['without:versioned', 'with:versioned'];
  return ServerProcess.start({ dataFolder, buckets, isInspected, configPath });
}

async function putRules({ host, port, region, ...credentials }: Endpoint): Promise<void> {
  const client = new S3Client({ endpoint: `http://${host}:${port}`, region, credentials, forcePathStyle: true });
  const Bucket = 'with';
  const NotificationConfiguration = {
    QueueConfigurations: [{ QueueArn: queue, Events: ['s3:ObjectCreated:*' as const] }],
  };
  const rule = {
    ...{ ID: 'all', Priority: 1, Status: 'Enabled' as const, Filter: { Prefix: '' } },
    ...{ DeleteMarkerReplication: { Status: 'Disabled' as const }, Destination: { Bucket: destination } },
  };
  const ReplicationConfiguration = { Role: `arn:aws:iam::${account}:role/${role}`, Rules: [rule] };
  try {
    await client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
    await client.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration }));
  } finally {
    client.destroy();
  }
}

async function measure(bench: Bench, server: ServerProcess, clients: number): Promise<readonly Figure[]> {
  const { load, seconds, profileFolder } = bench;
  const failures = new Map<string, number>();
  const spent = new Map<Prepared, Spent>();
  const lap = async (prepared: Prepared, lapSeconds: number): Promise<Float64Array> => {
    const before = await cpuSeconds(server.pid);
    const result = await prepared.run({ connections: clients, seconds: lapSeconds });
    const after = await cpuSeconds(server.pid);
    for (const [what, count] of result.failures) failures.set(what, (failures.get(what) ?? 0) + count);
    await untilAtRest(server.pid);
    spent.get(prepared)?.add(result.count, [before, after, await cpuSeconds(server.pid)]);
    return result.latenciesMs;
  };
  const [without, ruled] = [
    await load.prepare(server.endpoint, putsTo('without')),
    await load.prepare(server.endpoint, putsTo('with')),
  ];
  for (const prepared of [without, ruled]) await lap(prepared, Math.min(1, seconds));
  const [spentWithout, spentRuled] = [new Spent(), new Spent()];
  spent.set(without, spentWithout).set(ruled, spentRuled);
  const pairs: { readonly without: Float64Array; readonly ruled: Float64Array }[] = [];
  for (let i = 0; i < turnCount; i++) {
    const slice = (3 * seconds) / turnCount;
    // By turns the one and the other comes first.
    const early = i % 2 === 0 ? await lap(without, slice) : undefined;
    const withRules = await lap(ruled, slice);
    pairs.push({ without: early ?? (await lap(without, slice)), ruled: withRules });
  }
  if (profileFolder !== undefined) {
    await server.profile(join(profileFolder, `${nameOf(clients)}.cpuprofile`), () =>
      ruled.run({ connections: clients, seconds }),
    );
    await untilAtRest(server.pid);
  }
  const ratios = pairs.map((pair) => mean(pair.ruled) / mean(pair.without));
  const together = sortedTogether(pairs.map((pair) => pair.ruled));
  const figure: Figure = {
    name: nameOf(clients),
    title: `PUT 4 KiB with two rules, ${clientsText(clients)}`,
    measured: { value: median(pairs.map((pair) => mean(pair.ruled))), unit: 'ms' },
    limit: { value: median(pairs.map((pair) => mean(pair.without))), unit: 'ms', what: 'the same without rules' },
    ratio: median(ratios),
    ratioBounds: medianBounds(ratios),
    aim: { ratio: 1.15, isMost: true },
    p50Ms: percentile(together, 0.5),
    p99Ms: percentile(together, 0.99),
    ...(spentRuled.requests > 0 && { cpuMsPerRequest: spentRuled.msPerRequest }),
    ...(failures.size > 0 && { failures: Object.fromEntries(failures) }),
  };
  if (spentRuled.requests === 0) return [figure];
  const [inAll, limit] = [spentRuled.usPerRequestInAll, spentWithout.usPerRequestInAll];
  const delivered: Figure = {
    ...{ name: deliveredNameOf(clients), title: `… and both delivered, ${clientsText(clients)}` },
    measured: { value: inAll, unit: 'µs' },
    limit: { value: limit, unit: 'µs', what: 'the same without rules, in CPU' },
    ratio: limit / inAll,
  };
  return [figure, delivered];
}

function putsTo(bucket: string): RequestSet {
  const targets = Array.from({ length: keyCount }, (_, i) => `/${bucket}/${String(i).padStart(6, '0')}`);
  return { method: 'PUT', targets, bodyBytes, isBodySigned: true };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Waits until the server has nothing left to do. */
async function untilAtRest(pid: number): Promise<void> {
  for (const endMs = performance.now() + restLimitMs; performance.now() < endMs; ) {
    const before = await cpuSeconds(pid);
    await pause(restMs);
    const after = await cpuSeconds(pid);
    // Where processor time is not known, nothing is left after a while.
    if (before === undefined || after === undefined) return pause(blindRestMs);
    if ((after - before) * 1000 < restMs * restShareMax) return;
  }
  throw new Error(`the server is not at rest after ${restLimitMs} ms`);
}
