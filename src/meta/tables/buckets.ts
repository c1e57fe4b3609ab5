/** Buckets and their configuration documents. */

import { RecentMap } from '../../lib/recent-map.ts';
import type { Bucket, VersioningState } from '../records.ts';
import type { Statement, Statements } from './lazy-statements.ts';

const KNOWN_MAX = 1024;
const COLUMNS = 'bucket_id AS id, name, region, owner, created_ms AS createdMs, versioning';

export interface BucketRange {
  readonly owner: string | null;
  /** Names from here on, … */
  readonly from: string;
  /** … and above this one. */
  readonly after: string;
  readonly limit: number;
}

export class BucketReader {
  readonly #byName: Statement<[string], Bucket>;
  readonly #byId: Statement<[number], Bucket>;
  readonly #inOrder: Statement<[BucketRange], Bucket>;
  readonly #config: Statement<[number, string], { document: string }>;
  readonly #configs: Statement<[number], { kind: string; document: string }>;
  readonly #nextWithConfig: Statement<[string, string], { name: string }>;

  constructor(db: Statements) {
    this.#byName = db.prepare(`SELECT ${COLUMNS} FROM buckets WHERE name = ?`);
    this.#byId = db.prepare(`SELECT ${COLUMNS} FROM buckets WHERE bucket_id = ?`);
    this.#inOrder = db.prepare(`
      SELECT ${COLUMNS} FROM buckets
      WHERE name >= $from AND name > $after AND ($owner IS NULL OR owner = $owner)
      ORDER BY name LIMIT $limit`);
    this.#nextWithConfig = db.prepare(`
      SELECT name FROM buckets
      WHERE name > ? AND EXISTS (SELECT 1 FROM bucket_configs AS c WHERE c.bucket_id = buckets.bucket_id AND c.kind = ?)
      ORDER BY name LIMIT 1`);
    this.#configs = db.prepare('SELECT kind, document FROM bucket_configs WHERE bucket_id = ? ORDER BY kind');
    this.#config = db.prepare('SELECT document FROM bucket_configs WHERE bucket_id = ? AND kind = ?');
  }

  /** The first bucket behind a name that has a document of a kind. */
  nextWithConfig({ after, kind }: { after: string; kind: string }): string | undefined {
    return this.#nextWithConfig.get(after, kind)?.name;
  }
  byName(name: string): Bucket | undefined {
    return this.#byName.get(name);
  }
  byId(bucketId: number): Bucket | undefined {
    return this.#byId.get(bucketId);
  }
  inOrder(range: BucketRange): Bucket[] {
    return this.#inOrder.all(range);
  }
  config(bucketId: number, kind: string): string | undefined {
    return this.#config.get(bucketId, kind)?.document;
  }
  configs(bucketId: number): Record<string, string> {
    return Object.fromEntries(this.#configs.all(bucketId).map(({ kind, document }) => [kind, document]));
  }
}

/** Buckets that were asked for are remembered until any bucket changes, or a change is undone. */
export class BucketWriter extends BucketReader {
  readonly #known = new RecentMap<number, Bucket>(KNOWN_MAX);
  readonly #insert: Statement<[Bucket & { readonly manifest: number | null }]>;
  readonly #manifest: Statement<[number], { manifest: number | null }>;
  readonly #remove: Statement<[number]>;
  readonly #removeConfigs: Statement<[number]>;
  readonly #setVersioning: Statement<[VersioningState, number]>;
  readonly #setConfig: Statement<[number, string, string]>;
  readonly #removeConfig: Statement<[number, string]>;

  constructor(db: Statements) {
    super(db);
    this.#insert = db.prepare(`
      INSERT INTO buckets VALUES ($id, $name, $region, $owner, $createdMs, $versioning, $manifest)`);
    this.#manifest = db.prepare('SELECT manifest FROM buckets WHERE bucket_id = ?');
    this.#remove = db.prepare('DELETE FROM buckets WHERE bucket_id = ?');
    this.#removeConfigs = db.prepare('DELETE FROM bucket_configs WHERE bucket_id = ?');
    this.#setVersioning = db.prepare('UPDATE buckets SET versioning = ? WHERE bucket_id = ?');
    this.#setConfig = db.prepare('INSERT OR REPLACE INTO bucket_configs VALUES (?, ?, ?)');
    this.#removeConfig = db.prepare('DELETE FROM bucket_configs WHERE bucket_id = ? AND kind = ?');
  }

  override byId(bucketId: number): Bucket | undefined {
    const known = this.#known.get(bucketId);
    if (known !== undefined) return known;
    const found = super.byId(bucketId);
    if (found !== undefined) this.#known.set(bucketId, found);
    return found;
  }
  /** The tables may not be what they were when buckets were asked for. */
  forget(): void {
    this.#known.clear();
  }

  insert(bucket: Bucket & { readonly manifest: number | null }): void {
    this.forget();
    this.#insert.run(bucket);
  }
  /** The blob that describes the bucket. */
  manifest(bucketId: number): number | null {
    return this.#manifest.get(bucketId)?.manifest ?? null;
  }
  /** Removes a bucket with its configuration. */
  remove(bucketId: number): void {
    this.forget();
    this.#remove.run(bucketId);
    this.#removeConfigs.run(bucketId);
  }
  setVersioning(bucketId: number, versioning: VersioningState): void {
    this.forget();
    this.#setVersioning.run(versioning, bucketId);
  }
  setConfig(bucketId: number, kind: string, document: string | null): void {
    this.forget();
    if (document === null) this.#removeConfig.run(bucketId, kind);
    else this.#setConfig.run(bucketId, kind, document);
  }
}
