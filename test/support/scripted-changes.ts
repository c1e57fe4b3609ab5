/**
 * A short life of a store: small and large objects, copies, an upload, overwrites, deletes, a collection of garbage, and
 * reads of everything. Each change is made or refused as unavailable, and what was refused is not to be seen.
 *
 * One refused batch may yet be found at the next start: where the disks let nobody take the record back, it is the last of
 * the log, and counts like one whose answer a crash cut off. `settle` allows for that, and for nothing half done.
 */
import { expect } from 'vitest';
import { EngineError } from '../../src/engine/errors.ts';
import type { Bucket } from '../../src/engine/types.ts';
import { asListed, bodyOf, type EngineStore, plain } from './engine-store.ts';
import { seededBytes } from './seeded-bytes.ts';

const bucketName = 'scripted';
const small = 3000;
const large = 1_050_000;
/** What an engine says of a store that cannot do it now. */
const unavailable = new Set(['ServiceUnavailable', 'StorageFull']);

export class ScriptedChanges {
  readonly #store: EngineStore;
  /** What each key holds, as far as it was acknowledged. */
  readonly #contents = new Map<string, Buffer>();
  /** What refused changes would have made of each key; undefined where they would have removed it. */
  readonly #refused = new Map<string, (Buffer | undefined)[]>();
  #hasBucket = false;
  refused = 0;

  constructor(store: EngineStore) {
    this.#store = store;
  }

  /** The whole script. Rejects if anything is wrong; refusals are counted. */
  async run(): Promise<void> {
    if (!this.#hasBucket) {
      await this.#attempt(async () => {
        await this.#store.newBucket(bucketName);
        this.#hasBucket = true;
      });
    }
    if (!this.#hasBucket) return;
    await this.#put('small', small);
    await Promise.all([this.#put('a', small), this.#put('b', 70_000), this.#put('large', large)]);
    await this.#copy('large', 'copy');
    await this.#upload('in parts');
    await this.#put('a', 10);
    await this.#delete('b');
    await this.#put('large', large + 1);
    await this.expectRight('or refused');
    await this.#collectGarbage();
    await this.#put('small', small + 1);
  }

  /** After a start: takes over what it found of changes that were refused. */
  async settle(): Promise<void> {
    const { engine } = this.#store;
    const bucket = await engine.buckets.get(bucketName).catch(() => undefined);
    if (bucket === undefined) return;
    this.#hasBucket = true;
    for (const [key, states] of this.#refused) {
      const found = await this.#store.get(bucket, key).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'NoSuchKey' });
        return undefined;
      });
      const acknowledged = this.#contents.get(key);
      if (isSame(found, acknowledged)) continue;
      expect(states.some((state) => isSame(state, found))).toBe(true);
      if (found === undefined) this.#contents.delete(key);
      else this.#contents.set(key, found);
    }
    this.#refused.clear();
  }

  /** The script once more, of which nothing may be refused now. */
  async runAgain(): Promise<void> {
    this.refused = 0;
    await this.run();
    expect(this.refused).toBe(0);
    await this.expectRight('all of it');
  }

  /** Everything is as acknowledged; where a read may be refused, no byte of it is wrong. */
  async expectRight(how: 'or refused' | 'all of it'): Promise<void> {
    if (!this.#hasBucket) return;
    const { engine } = this.#store;
    const bucket = await engine.buckets.get(bucketName);
    const { entries } = await engine.listing.objects(bucket, { prefix: '', delimiter: '', after: '', limit: 1000 });
    const listed = entries.map((entry) => (entry.kind === 'version' ? entry.version.key : ''));
    expect(listed).toEqual([...this.#contents.keys()].sort());
    for (const [key, content] of this.#contents) {
      const check = async (): Promise<void> =>
        expect((await this.#store.get(bucket, key)).equals(content), key).toBe(true);
      if (how === 'all of it') await check();
      else await this.#attempt(check);
    }
  }

  async #put(key: string, size: number): Promise<void> {
    const content = seededBytes(`${key} ${size}`, size);
    await this.#change(key, content, async (bucket) => void (await this.#store.put(bucket, key, content)));
  }

  async #copy(from: string, to: string): Promise<void> {
    const content = this.#contents.get(from);
    if (content === undefined) return;
    await this.#change(to, content, async (bucket) => {
      const source = await this.#store.engine.objects.find(bucket, from);
      await this.#store.engine.objects.copy({ source, bucket, key: to, attributes: plain });
    });
  }

  async #upload(key: string): Promise<void> {
    const { uploads } = this.#store.engine;
    const contents = [seededBytes('first part', small), seededBytes('second part', large)];
    await this.#change(key, Buffer.concat(contents), async (bucket) => {
      const upload = await uploads.create({ bucket, key, attributes: plain });
      const parts = [];
      for (const [i, content] of contents.entries()) {
        parts.push(await uploads.putPart({ bucket, upload, partNumber: i + 1, source: bodyOf(content) }));
      }
      await uploads.complete({ bucket, key, uploadId: upload.uploadId, parts: parts.map(asListed) });
    });
  }

  async #delete(key: string): Promise<void> {
    await this.#change(key, undefined, async (bucket) => {
      await this.#store.engine.objects.delete({ bucket, key, owner: plain.owner });
    });
  }

  async #collectGarbage(): Promise<void> {
    await this.#attempt(async () => {
      const { garbage } = this.#store.engine;
      await garbage.drop((await garbage.listCandidates()).map(({ segment }) => segment));
    });
  }

  /** Makes a change after which a key holds something else. */
  async #change(key: string, content: Buffer | undefined, change: (bucket: Bucket) => Promise<void>): Promise<void> {
    const isMade = await this.#attempt(async () => change(await this.#store.engine.buckets.get(bucketName)));
    if (!isMade) this.#refused.set(key, [...(this.#refused.get(key) ?? []), content]);
    else if (content === undefined) this.#contents.delete(key);
    else this.#contents.set(key, content);
  }

  /** False if it was refused. */
  async #attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof EngineError) || !unavailable.has(error.code)) throw error;
      this.refused += 1;
      return false;
    }
  }
}

function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}
