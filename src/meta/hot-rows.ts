/**
 * Buckets and current versions that were looked up of late, as values. A lookup in SQLite is short but not free: locks,
 * a row taken apart, a dozen objects made of it. Every commit forgets what its commands may have changed, in the tick in
 * which it becomes visible, so what is found here is what SQLite would say.
 */
import { RecentMap } from '../lib/recent-map.ts';
import type { Command } from './commands.ts';
import type { Bucket, Version } from './records.ts';

/** Some kilobyte each. */
const VERSIONS_MAX = 16 * 1024;
const BUCKETS_MAX = 1024;
/** What is let in makes garbage of something older, which costs more than another lookup. */
const ADMITTED_VERSIONS = { admitsEvery: 8 };

export class HotRows {
  readonly #buckets = new RecentMap<string, Bucket>(BUCKETS_MAX);
  readonly #versions = new RecentMap<string, Version>(VERSIONS_MAX, ADMITTED_VERSIONS);

  /** The bucket as `read` finds it, unless it is known. */
  bucket(name: string, read: () => Bucket | undefined): Bucket | undefined {
    return recall(this.#buckets, name, read);
  }

  /** The current version of a key, as `read` finds it unless it is known. */
  current(bucketId: number, key: string, read: () => Version | undefined): Version | undefined {
    return recall(this.#versions, versionName(bucketId, key), read);
  }

  /** Forgets what a command that has become visible may have changed. */
  forget(command: Command): void {
    switch (command.type) {
      case 'put-version':
      case 'delete-current':
      case 'delete-version':
      case 'set-version-tags':
      case 'set-version-acl':
      case 'set-version-lock':
      case 'set-version-encryption':
      case 'set-version-restore':
      case 'set-version-tiering':
      case 'note-loss':
      case 'transition-version':
      case 'rewrite-part':
      case 'complete-upload':
      case 'set-replica-attributes':
        this.#versions.delete(versionName(command.bucketId, command.key));
        return;
      case 'note-accesses':
        for (const { bucketId, key } of command.accesses) this.#versions.delete(versionName(bucketId, key));
        return;
      case 'create-bucket':
      case 'delete-bucket':
      case 'set-versioning':
      case 'set-bucket-config':
        this.#buckets.clear();
        return;
      case 'settle-replication':
        for (const { bucketId, key } of command.settled) this.#versions.delete(versionName(bucketId, key));
        return;
      case 'queue-replication':
        for (const { key } of command.versions) this.#versions.delete(versionName(command.bucketId, key));
        return;
      case 'retry-replication':
        // It does not say which versions it is about.
        this.#versions.clear();
        return;
      case 'relocate-blob':
        // Versions do not say where their bytes are, but who asked for that remembers it by the value found here.
        this.#versions.clear();
        return;
      // These change neither a bucket nor what a version is.
      case 'create-upload':
      case 'put-part':
      case 'abort-upload':
      case 'drop-segment':
      case 'save-job-state':
      case 'set-identities':
      case 'post-messages':
      case 'settle-restore':
      case 'post-test-events':
      case 'settle-events':
      case 'replay-events':
      case 'drop-events':
      case 'note-replication':
      case 'put-annotation':
      case 'delete-annotation':
      case 'add-log-batch':
      case 'drop-log-batches':
      case 'probe':
        return;
      default:
        throw new Error(`Nobody has said what ${JSON.stringify(command satisfies never)} changes`);
    }
  }
}

function versionName(bucketId: number, key: string): string {
  return `${bucketId}/${key}`;
}

function recall<V>(known: RecentMap<string, V>, name: string, read: () => V | undefined): V | undefined {
  const recent = known.get(name);
  if (recent !== undefined) return recent;
  const found = read();
  if (found !== undefined) known.set(name, found);
  return found;
}
