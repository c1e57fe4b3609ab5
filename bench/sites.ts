/** The endpoints that are measured: each stage has a fresh server of our own, or a bucket at an endpoint of somebody else's. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadClient } from './load/load-client.ts';
import type { Endpoint, RequestSet } from './load/messages.ts';
import { configWithLimitedUser, limitedUserKey } from './server/limited-user.ts';
import { ServerProcess } from './server/server-process.ts';
import type { Site, Stage } from './work.ts';
import { makeMillionKeys } from './works/million-keys.ts';

export interface Sites extends AsyncDisposable {
  open(stage: Stage): Promise<Site>;
}

const benchBucket = 'bench';
const emptyBody = { bodyBytes: 0, isBodySigned: true } as const;

/** Sends every request of a set once; each must succeed. */
class Sender {
  readonly #load: LoadClient;
  readonly #endpoint: Endpoint;
  readonly #sent = new Set<string>();

  constructor(load: LoadClient, endpoint: Endpoint) {
    this.#load = load;
    this.#endpoint = endpoint;
  }

  async send(set: RequestSet, connections: number): Promise<void> {
    const prepared = await this.#load.prepare(this.#endpoint, set);
    const { failures } = await prepared.run({ connections, count: set.targets.length });
    if (failures.size > 0) throw new Error(`${set.method} failed: ${[...failures.keys()].join(', ')}`);
  }

  /** Once for each set, which its first target names. */
  async fill(set: RequestSet, connections: number): Promise<void> {
    const [first = ''] = set.targets;
    if (this.#sent.has(first)) return;
    await this.send(set, connections);
    this.#sent.add(first);
  }
}

export interface OwnSitesOptions {
  readonly load: LoadClient;
  /** Where the data folders lie, one after the other. */
  readonly folder: string;
  /** Folder for CPU profiles, if there shall be any. */
  readonly profileFolder: string | undefined;
}

/** Servers of our own, one at a time. */
export class OwnSites implements Sites {
  readonly #options: OwnSitesOptions;
  #open:
    | { readonly stage: Stage; readonly site: Site; readonly server: ServerProcess; readonly data: string }
    | undefined;

  constructor(options: OwnSitesOptions) {
    this.#options = options;
  }

  async open(stage: Stage): Promise<Site> {
    if (this.#open?.stage === stage) return this.#open.site;
    await this.#close();
    const { load, folder } = this.#options;
    const data = mkdtempSync(join(folder, `${stage}-`));
    if (stage === 'pages') await makeMillionKeys(load, { dataFolder: data, buckets: [benchBucket] });
    const server = await this.#start(data);
    const sender = new Sender(load, server.endpoint);
    const site: Site = {
      endpoint: server.endpoint,
      limitedUser: { ...server.endpoint, ...limitedUserKey },
      bucket: benchBucket,
      pid: server.pid,
      // The data folder goes as a whole.
      willWrite: () => {},
      fill: (set, connections) => sender.fill(set, connections),
      profile: (name, work) => this.#profile(server, { name, work }),
    };
    this.#open = { stage, site, server, data };
    return site;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #start(dataFolder: string): Promise<ServerProcess> {
    const isInspected = this.#options.profileFolder !== undefined;
    const configPath = join(dataFolder, 'bench.yaml');
    writeFileSync(configPath, configWithLimitedUser(benchBucket));
    return ServerProcess.start({ dataFolder, buckets: [benchBucket], isInspected, configPath });
  }

  async #profile(server: ServerProcess, { name, work }: { name: string; work: () => Promise<unknown> }): Promise<void> {
    const { profileFolder } = this.#options;
    if (profileFolder === undefined) return;
    await server.profile(join(profileFolder, `${name}.cpuprofile`), work);
  }

  async #close(): Promise<void> {
    if (this.#open === undefined) return;
    const { server, data } = this.#open;
    this.#open = undefined;
    await server[Symbol.asyncDispose]();
    rmSync(data, { recursive: true });
  }
}

/** An endpoint that others run: a bucket for each stage. What is written there is deleted at the end. */
export class ForeignSites implements Sites {
  readonly #endpoint: Endpoint;
  readonly #pid: number | undefined;
  readonly #sender: Sender;
  readonly #prefix = `bench-${Date.now()}`;
  readonly #written = new Set<string>();
  readonly #sites = new Map<Stage, Site>();

  constructor(load: LoadClient, { endpoint, pid }: { endpoint: Endpoint; pid: number | undefined }) {
    this.#endpoint = endpoint;
    this.#pid = pid;
    this.#sender = new Sender(load, endpoint);
  }

  async open(stage: Stage): Promise<Site> {
    const known = this.#sites.get(stage);
    if (known !== undefined) return known;
    const bucket = `${this.#prefix}-${stage}`;
    await this.#sender.send({ method: 'PUT', targets: [`/${bucket}`], ...emptyBody }, 1);
    const site: Site = {
      endpoint: this.#endpoint,
      bucket,
      pid: this.#pid,
      willWrite: ({ targets }) => {
        for (const target of targets) this.#written.add(target);
      },
      fill: (set, connections) => this.#sender.fill(set, connections),
      profile: async () => {},
    };
    this.#sites.set(stage, site);
    return site;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const objects = [...this.#written];
    const buckets = [...this.#sites.values()].map(({ bucket }) => `/${bucket}`);
    for (const targets of [objects, buckets]) {
      if (targets.length > 0) await this.#sender.send({ method: 'DELETE', targets, ...emptyBody }, 8);
    }
  }
}
