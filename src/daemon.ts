/** The composition root: builds everything in one visible order and stops it in the reverse order. */
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdmin } from './admin/admin.ts';
import { metricsPaths } from './admin/metrics-routes.ts';
import { AuditFile } from './audit-file.ts';
import { accountOf, backgroundWork } from './background-work.ts';
import { type ErasureBlobStore, openBlobStore } from './blob/store.ts';
import { openBrokers } from './broker-targets.ts';
import { type Config, ConfigError } from './config.ts';
import { durationMs } from './config-durations.ts';
import { openCluster, openRootKey, openServerKey, type RootKey, refuseLostIndex } from './data-folder.ts';
import { declaredAccounts } from './declared-accounts.ts';
import { newBucketDocuments } from './engine/access-documents.ts';
import { createCompaction } from './engine/compaction.ts';
import { createEngine, type EngineOptions } from './engine/engine.ts';
import { EngineError } from './engine/errors.ts';
import { dayMs } from './engine/lifecycle/due.ts';
import { createRequestMetrics } from './engine/metrics/request-metrics.ts';
import { probeStore } from './engine/probe.ts';
import { readSettings } from './engine/rebuild/settings.ts';
import { poolsByClass, type StorageSettings } from './engine/storage-pools.ts';
import type { Engine } from './engine/types.ts';
import { flushAlongside } from './engine/wave.ts';
import { type OpenEvents, openEvents } from './event-delivery.ts';
import { AccountBlocks } from './iam/account-blocks.ts';
import { type Iam, openIam } from './iam/iam.ts';
import { missingPrincipal } from './iam/known-principals.ts';
import { canonicalIdOf } from './iam/names.ts';
import { createUserAdministration } from './iam/user-administration.ts';
import type { ReplicationWork } from './jobs/replicate.ts';
import { type JobRunner, startJobs } from './jobs/runner.ts';
import { RingDataKeys } from './kms/data-keys.ts';
import { type OpenKms, openKms } from './kms-keys.ts';
import { type Clock, steadyClock, systemClock } from './lib/clock.ts';
import { Foreground } from './lib/deference.ts';
import { createLog, type Log } from './lib/log.ts';
import { openIndex } from './meta/index-store.ts';
import type { RecoveryChoices } from './meta/log/recovery.ts';
import type { Index } from './meta/types.ts';
import { lockZones } from './meta/zone-locks.ts';
import { settleRebuilt } from './rebuilt-index.ts';
import { openReplication, replicationPlaces } from './replication-work.ts';
import { BucketAccesses } from './s3/access/bucket-accesses.ts';
import { createExplainer } from './s3/access/explainer.ts';
import { Gate, type GateOptions } from './s3/access/gate.ts';
import { ReplicationRoles } from './s3/access/replication-roles.ts';
import { type FindLogTarget, logTargets } from './s3/access-log/log-targets.ts';
import { hostSuffixes } from './s3/addressing.ts';
import { createAuditTrail } from './s3/audit.ts';
import type { FindSecret } from './s3/auth/types.ts';
import { CertificateRoute } from './s3/certificate-route.ts';
import { Door } from './s3/door/door.ts';
import { namesBucket } from './s3/door/public-endpoints.ts';
import { createHealth } from './s3/health.ts';
import { KmsApi } from './s3/kms/kms-api.ts';
import { Observer } from './s3/metrics/observer.ts';
import { operations } from './s3/operations/index.ts';
import { Pipeline } from './s3/pipeline.ts';
import { QueryApi } from './s3/query-api.ts';
import { QueueApi } from './s3/queues/queue-api.ts';
import { ReservedRoutes } from './s3/reserved-routes.ts';
import { createServer, type S3Server } from './s3/server.ts';
import { SettingsCopies } from './settings-copies.ts';
import { openTls, type TlsFiles } from './tls-files.ts';
import { version } from './version.ts';

export interface Daemon {
  /** `http://host:port` or `https://host:port`, with the port in use. */
  readonly endpoint: string;
  readonly rootKey: RootKey;
  /** Looks now whether certificate and key have changed, as it does by itself every few seconds. */
  reloadTls(): void;
  /** Finishes what runs, within the configured limit, and closes cleanly. */
  stop(reason: string): Promise<void>;
}

/** What tests replace, and what the operator decides for this start. */
export interface DaemonOverrides {
  readonly choices?: RecoveryChoices;
  readonly clock?: Clock;
  readonly log?: Log;
}

/** Starts a server. Throws ConfigError, DataFolderError or ZoneInUse where it must not start as it is. */
export async function startDaemon(config: Config, overrides: DaemonOverrides = {}): Promise<Daemon> {
  refuseOpenDoor(config);
  const clock = overrides.clock ?? systemClock;
  const log = overrides.log ?? createLog(config.logLevel);
  const startedMs = clock.nowMs();
  const [tls, brokers] = [openTls(config, { clock, log }), openBrokers(config, log)];
  const clusterId = openCluster(config, log);
  const zonePaths = config.zones.map(({ path }) => path);
  const locks = lockZones(zonePaths, log);
  await takeRebuilt(zonePaths, log);
  const [rootKey, serverKey] = [openRootKey(config), openServerKey(config)];

  const blobs = await openStore(config, { clusterId, clock, log });
  refuseLostIndex(config, blobs.segments().length);
  const index = await openIndex({
    zones: config.zones.map(({ name, path }) => ({ name, path })),
    clusterId,
    alongside: () => flushAlongside(blobs),
    isIntact: (location) => blobs.isIntact(location),
    ...{ logFileSizeMaxBytes: config.store.logFileBytesMax, snapshotLogBytes: config.store.snapshotLogBytes },
    ...(overrides.choices !== undefined && { choices: overrides.choices }),
    log,
  });
  const dayLengthMs = tellDayLength(config, log);
  const dataKeys = new RingDataKeys();
  const engine = await openEngine(config, { index, blobs, clock, dayLengthMs, serverKeys: [serverKey], dataKeys });
  const iam = await openIam({
    identities: engine.identities,
    declared: declaredAccounts(config, rootKey),
    serverKey,
    httpIssuers: config.httpIssuers,
    clock,
  });
  const settings = new SettingsCopies({ read: () => readSettings(index), disks: () => blobs.disks(), clock });
  const keeping = { serverKey, copy: () => settings.write() };
  const kms = await openKms(config, { iam, dataKeys, clock, ...keeping });
  await ensureBuckets(config, engine);
  const compaction = createCompaction({ index, blobs, maintenance: blobs.maintenance });
  const noticed = { foreground: new Foreground(steadyClock), clock, log };
  const events = openEvents(config, { engine, index, iam, brokers, ...keeping, ...noticed });
  const parts = { ...noticed, engine, iam, objectKeys: kms.objectKeys, ...openAccesses(engine, iam), index, blobs };
  const work = backgroundWork(config, { ...parts, compaction, dayLengthMs, settings });
  const replication = openReplication(config, parts);
  const senders = [events.delivery, replication];
  const jobs = startJobs([...work, events.moving, ...senders.map(({ job }) => job)], { clock, log });
  const auditFile = await openAuditFile(config, clock);
  const server = createFrontEnd({ config, auditFile, tls, startedMs, ...parts, jobs, events, replication, kms });
  const address = await server.listen(config).catch((error: unknown) => refuseAddress(config, error));
  log.info({ address, region: config.region }, 'Serving');
  return {
    endpoint: endpointOf(address, tls),
    rootKey,
    reloadTls: () => tls?.reload(),
    async stop(reason) {
      log.info({ reason }, 'Stopping');
      tls?.close();
      events.queues.close();
      await server.close();
      await auditFile?.close();
      await jobs.stop();
      // What these write down last can be done without: whatever becomes of it, the index and the disks are closed.
      const noting = [engine.lifecycle, engine.tiering, engine.accessLogs];
      const last = [...senders, { close: () => settings.write() }, compaction, ...noting];
      for (const one of last) await one.close().catch((err: unknown) => log.warn({ err }, 'Not noted at the stop'));
      await index.close();
      await blobs.close();
      locks.release();
    },
  };
}

async function takeRebuilt(zonePaths: readonly string[], log: Log): Promise<void> {
  const rebuilt = await settleRebuilt(zonePaths, log);
  if (rebuilt !== undefined) log.warn(rebuilt, 'A rebuilt index was whole and is in its place now');
}

function openStore(
  config: Config,
  { clusterId, clock, log }: { clusterId: string; clock: Clock; log: Log },
): Promise<ErasureBlobStore> {
  return openBlobStore({
    zones: config.zones.map(({ name, path, disks }) => ({ name, path, disks: [...disks] })),
    clusterId,
    pools: Array.from(poolsByClass(storageOf(config)), ([name, pool]) => ({ ...pool, use: `Objects of ${name}` })),
    segmentSizeMaxBytes: config.store.segmentBytesMax,
    repairDelayMs: config.jobs.repairDelayMs,
    diskTimeoutMs: config.store.diskTimeoutMs,
    reserveBytes: config.store.reserveBytes,
    hotBlobBytesMax: config.store.hotObjectBytesMax,
    pageCacheBytesMax: config.store.pageCacheBytesMax,
    clock,
    log,
  });
}

/** How and where each storage class is kept. */
function storageOf({ store }: Config): StorageSettings {
  return { schemes: store.schemes, groups: store.groups };
}

/** With what it must know before the first request. */
async function openEngine(
  config: Config,
  parts: Pick<EngineOptions, 'index' | 'blobs' | 'clock' | 'dayLengthMs' | 'serverKeys' | 'dataKeys'>,
): Promise<Engine> {
  const accessLogBytesMax = config.accessLogs.waitingBytesMax;
  const encryptsByDefault = config.encryption.default === 'AES256';
  const uuidVersions = config.replication.destinations.some(({ minio }) => minio);
  const engine = createEngine({ ...parts, ...storageOf(config), accessLogBytesMax, encryptsByDefault, uuidVersions });
  await engine.accessLogs.open();
  await engine.watches.load();
  return engine;
}

async function openAuditFile({ data, auditLog }: Config, clock: Clock): Promise<AuditFile | undefined> {
  const { enabled, fileBytesMax, filesMax } = auditLog;
  return enabled ? await AuditFile.open({ folder: join(data, 'audit'), fileBytesMax, filesMax, clock }) : undefined;
}

function endpointOf({ family, address, port }: AddressInfo, tls: TlsFiles | undefined): string {
  const host = family === 'IPv6' ? `[${address}]` : address;
  return `${tls === undefined ? 'http' : 'https'}://${host}:${port}`;
}

function openAccesses({ buckets }: Engine, iam: Iam): AccessParts {
  const accountBlocks = new AccountBlocks(iam.directory);
  const accesses = new BucketAccesses(buckets, accountBlocks);
  const ownerOf = (owner: string) => accountOf(iam, owner);
  const roles = new ReplicationRoles({ iam, accesses, accountOf: ownerOf });
  const findLogTarget = logTargets({ buckets, accesses, accountOf: ownerOf });
  return { accountBlocks, accesses, roles, findLogTarget };
}

/** What decides on access, for requests and for what the server does by itself. */
interface AccessParts {
  readonly accountBlocks: AccountBlocks;
  readonly accesses: BucketAccesses;
  readonly roles: ReplicationRoles;
  readonly findLogTarget: FindLogTarget;
}

interface FrontEndParts extends AccessParts {
  readonly config: Config;
  readonly auditFile: AuditFile | undefined;
  readonly tls: TlsFiles | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly startedMs: number;
  readonly iam: Iam;
  readonly engine: Engine;
  readonly foreground: Foreground;
  readonly index: Index;
  readonly blobs: ErasureBlobStore;
  readonly jobs: JobRunner;
  readonly events: OpenEvents;
  readonly replication: ReplicationWork;
  readonly kms: OpenKms;
}

/** What answers on the port: S3, and below `/-/` the health checks and the operator's interface. */
function createFrontEnd({ config, tls, clock, log, iam, engine, ...parts }: FrontEndParts): S3Server {
  const { startedMs, accountBlocks, accesses, roles, findLogTarget, index, blobs, jobs, auditFile, events, kms } =
    parts;
  const append = auditFile && ((line: string) => auditFile.append(line));
  const audit = append && createAuditTrail({ append, region: config.region, clock, log });
  const { directory, callers } = iam;
  const findSecret: FindSecret = (accessKeyId, sessionToken) => callers.findKey(accessKeyId, sessionToken);
  const regions = { own: config.region, others: config.otherRegions };
  const ownerOf = (canonicalId: string) => accountOf(iam, canonicalId);
  const policiesOf: GateOptions['policiesOf'] = (identity) => callers.policiesOf(identity);
  const gate = new Gate({ engine, accesses, policiesOf, accountOf: ownerOf, refusals: iam.refusals });
  const suffixes = hostSuffixes(config.domains);
  const door = openDoor(config, suffixes, parts.foreground);
  const requestMetrics = createRequestMetrics(engine.watches, clock);
  const pipeline = new Pipeline({
    engine,
    observer: new Observer({ engine, metrics: requestMetrics, clock: door.pacing.clock, wallClock: clock, log }),
    operations,
    clock,
    log,
    findSecret,
    gate,
    audit,
    accountOf: ownerOf,
    noteUse: (accessKeyId, use) => callers.noteUse(accessKeyId, use),
    findUser: (named) => directory.findAccount(named)?.canonicalId,
    ...{ accesses, accountBlocks, findLogTarget, replication: replicationPlaces(config, roles) },
    eventTargets: events.topics.eventTargets,
    nameOf: (canonicalId) => directory.accountOfCanonicalId(canonicalId)?.displayName,
    missingPrincipal: (policy) => missingPrincipal(policy, (accountId) => directory.view(accountId)),
    ...{ regions, objectKeys: kms.objectKeys },
    ...{ signatureVersion2: config.signatureVersion2, bucketDefaults: config.bucketDefaults },
    encryptsByDefault: config.encryption.default === 'AES256',
    ...{ hostSuffixes: suffixes, door, limits: config.limits },
  });
  const users = createUserAdministration(iam, clock);
  const explainer = createExplainer({ iam, engine, gate, clock, region: config.region });
  const answer = createAdmin({
    version: version(),
    clock,
    startedMs,
    ...{ zones: config.zones, index, blobs, jobs, users },
    outbox: engine.outbox,
    eventTail: events.tail,
    replication: { ...engine.replication, whyAway: parts.replication.whyAway },
    explainer,
    requestMetrics,
    usage: engine.usage,
  });
  const api = { iam, regions, door, clock, log, audit };
  return createServer({
    pipeline,
    queueApi: new QueueApi({ queues: events.queues, ...api }),
    kmsApi: new KmsApi({ answer: kms.answer, ...api }),
    queryApi: new QueryApi({ answerSns: events.topics.answer, hostSuffixes: suffixes, ...api }),
    reserved: new ReservedRoutes({
      ...{ answer, findSecret, operator: config.accountId, regions, door, clock, log, audit },
      collecting: config.metrics && { ...config.metrics, paths: metricsPaths },
    }),
    certificates: new CertificateRoute({ certificates: events.topics.certificates, door, log }),
    health: createHealth(() => probeStore(index, blobs), clock),
    clock,
    log,
    hostSuffixes: suffixes,
    door,
    tls,
    limits: config.limits,
  });
}

/** How long a day of a rule is. Whoever starts a server with short days by mistake must see it before objects expire. */
function tellDayLength({ time }: Config, log: Log): number {
  const dayLengthMs = durationMs(time.dayLength);
  if (dayLengthMs !== dayMs) {
    log.warn({ dayLength: time.dayLength }, 'Days of lifecycle rules are not as long as days: time.dayLength is set');
  }
  return dayLengthMs;
}

function openDoor(config: Config, suffixes: readonly string[], foreground: Foreground): Door {
  const { trustedProxies, publicEndpoints, limits, rateLimits } = config;
  const at = publicEndpoints.findIndex((name) => namesBucket(name, suffixes));
  if (at !== -1) {
    throw new ConfigError(
      `${config.placeOf(['publicEndpoints', at])}: publicEndpoints: ${publicEndpoints[at]} names a bucket, as what stands ` +
        'before one of the domains does. Name the domain itself.',
    );
  }
  return new Door({
    trustedProxies,
    publicEndpoints,
    hostSuffixes: suffixes,
    limits: { ...limits, ...rateLimits },
    foreground,
    clock: steadyClock,
  });
}

/** A key made by the server is printed where it starts; beyond loopback its owner must have chosen one. */
function refuseOpenDoor({ host, rootKey }: Config): void {
  if (rootKey || host === 'localhost' || host === '::1' || host.startsWith('127.')) return;
  throw new ConfigError(
    `Host ${host} can be reached from other machines, so a root key must be chosen first: set NINEFOLD_ACCESS_KEY_ID ` +
      'and NINEFOLD_SECRET_ACCESS_KEY (or rootKey in the configuration file), or listen on 127.0.0.1',
  );
}

function refuseAddress({ host, port }: Config, cause: unknown): never {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') {
    throw new ConfigError(`Port ${port} of ${host} is in use: end what uses it, or choose another one by --port`, {
      cause,
    });
  }
  throw new ConfigError(`Port ${port} of ${host} cannot be listened on: ${String(cause)}`, { cause });
}

/** Makes the configured buckets that are not there yet. What a bucket became since is left alone. */
async function ensureBuckets(config: Config, engine: Engine): Promise<void> {
  const { region, bucketDefaults: defaults } = config;
  for (const { name, versioned, public: isPublicRead } of config.buckets) {
    try {
      await engine.buckets.get(name);
      continue;
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'NoSuchBucket') throw error;
    }
    const configs = newBucketDocuments({ defaults, isPublicRead });
    const bucket = await engine.buckets.create({ name, region, owner: canonicalIdOf(config.accountId), configs });
    if (versioned) await engine.buckets.setVersioning(bucket, 'Enabled');
  }
}
