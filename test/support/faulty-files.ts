/**
 * Makes operations on files fail or hang, by kind and path, for everything in this process that goes through
 * `node:fs/promises`: the product's modules included, as they see what is put into the module here.
 *
 *     const files = FaultyFiles.install();
 *     files.fail({ operation: 'datasync', path: disks.path(3), code: 'EIO' });
 *     const hang = files.hang({ operation: 'writev', path: disks.path(4) });
 *     … hang.release();
 *
 * An operation that hangs takes no thread. When it is released it is carried out, late, as a disk does that wakes up.
 */

import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { onTestFinished } from 'vitest';

const pathOperations = [
  ...['access', 'lstat', 'mkdir', 'open', 'readFile', 'readdir', 'rename', 'rm', 'rmdir', 'stat', 'statfs', 'truncate'],
  ...['unlink', 'writeFile'],
] as const;
const handleOperations = [
  ...['datasync', 'read', 'readFile', 'readv', 'stat', 'sync', 'truncate', 'write', 'writeFile', 'writev'],
] as const;

export type FileOperation =
  | 'access'
  | 'datasync'
  | 'lstat'
  | 'mkdir'
  | 'open'
  | 'read'
  | 'readFile'
  | 'readdir'
  | 'readv'
  | 'rename'
  | 'rm'
  | 'rmdir'
  | 'stat'
  | 'statfs'
  | 'sync'
  | 'truncate'
  | 'unlink'
  | 'write'
  | 'writeFile'
  | 'writev';

/** Which operations a fault meets. */
export interface Faulty {
  /** One kind, some, or all if left out. */
  readonly operation?: FileOperation | readonly FileOperation[];
  /** What the path begins with, or what it matches. */
  readonly path: string | RegExp;
  /** How many of them: all from now on if left out. */
  readonly times?: number;
  /** How many go on well before the first that does not. */
  readonly skip?: number;
}

export interface FileCall {
  readonly operation: FileOperation;
  readonly path: string;
}

/** A fault that was set. */
export interface Fault {
  /** How many operations have met it. */
  readonly met: number;
  /** No more operations meet it; those that hang go on. */
  release(): void;
}

interface Rule extends Faulty {
  met: number;
  skipped: number;
  readonly act: () => Promise<void>;
}

export class FaultyFiles {
  /** Operations on files since the start, in order, those that failed or hang included. */
  readonly calls: FileCall[] = [];
  readonly #rules = new Set<Rule>();
  readonly #releases = new Set<() => void>();
  readonly #paths = new WeakMap<FileHandle, string>();
  readonly #undo: (() => void)[] = [];

  /** Undone when the test is over, with everything that hangs released. */
  static install(): FaultyFiles {
    const files = new FaultyFiles();
    files.#patchPaths();
    syncBuiltinESMExports();
    onTestFinished(() => files.#restore());
    return files;
  }

  /** Operations are refused with this error. */
  fail(faulty: Faulty & { readonly code: string }): Fault {
    const { code } = faulty;
    return this.#add(faulty, async () => {
      throw Object.assign(new Error(`${code}: injected`), { code });
    });
  }

  /** Operations wait until this is released. */
  hang(faulty: Faulty): Fault {
    const { promise, resolve } = Promise.withResolvers<void>();
    return this.#add(faulty, () => promise, resolve);
  }

  /** What happened to files whose path begins so, as `operation name` without the folder. */
  callsUnder(path: string): string[] {
    return this.calls
      .filter((call) => call.path.startsWith(path))
      .map((call) => `${call.operation} ${call.path.slice(path.length + 1)}`);
  }

  /** Waits for all operations on open files that have begun, those included that nobody else waits for any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  #add(faulty: Faulty, act: () => Promise<void>, onRelease: () => void = () => {}): Fault {
    const rule: Rule = { ...faulty, met: 0, skipped: 0, act };
    this.#rules.add(rule);
    const release = (): void => {
      this.#rules.delete(rule);
      onRelease();
    };
    this.#releases.add(release);
    return {
      get met() {
        return rule.met;
      },
      release,
    };
  }

  async #meet(operation: FileOperation, path: string): Promise<void> {
    this.calls.push({ operation, path });
    for (const rule of this.#rules) {
      if (!matches(rule, operation, path)) continue;
      if (rule.skipped < (rule.skip ?? 0)) {
        rule.skipped++;
        continue;
      }
      rule.met++;
      if (rule.met === rule.times) this.#rules.delete(rule);
      await rule.act();
    }
  }

  #patchPaths(): void {
    for (const operation of pathOperations) {
      this.#patch(promises, operation, async (path) => {
        await this.#meet(operation, String(path));
        return async (result) => {
          if (operation !== 'open') return;
          const handle = asHandle(result);
          this.#paths.set(handle, String(path));
          this.#patchHandles(handle);
          // As the system does it, closing waits for what hangs.
          const close = handle.close.bind(handle);
          handle.close = async () => {
            await Promise.allSettled(this.#underWay.get(handle) ?? []);
            await close();
          };
        };
      });
    }
  }

  /** All open files have one prototype, which is found with the first of them. */
  #patchHandles(handle: FileHandle): void {
    const prototype: unknown = Object.getPrototypeOf(handle);
    if (typeof prototype !== 'object' || prototype === null || this.#patched.has(prototype)) return;
    this.#patched.add(prototype);
    for (const operation of handleOperations) {
      this.#patch(prototype, operation, async (_first, self) => {
        const path = this.#paths.get(asHandle(self));
        if (path !== undefined) await this.#meet(operation, path);
        return async () => {};
      });
    }
  }

  readonly #patched = new Set<object>();
  /** Operations on open files that have not ended. */
  readonly #underWay = new WeakMap<FileHandle, Set<Promise<unknown>>>();
  readonly #running = new Set<Promise<unknown>>();

  #track(handle: unknown, running: Promise<unknown>): void {
    if (typeof handle !== 'object' || handle === null || !this.#paths.has(handle as FileHandle)) return;
    const operations = this.#underWay.get(asHandle(handle)) ?? new Set();
    this.#underWay.set(asHandle(handle), operations.add(running));
    this.#running.add(running);
    const forget = (): boolean => operations.delete(running) && this.#running.delete(running);
    running.then(forget, forget);
  }

  #patch(
    owner: object,
    name: string,
    before: (first: unknown, self: unknown) => Promise<(result: unknown) => Promise<void>>,
  ): void {
    const original: unknown = Reflect.get(owner, name);
    if (typeof original !== 'function') throw new TypeError(`there is no ${name}`);
    const run = async (self: unknown, args: unknown[]): Promise<unknown> => {
      const after = await before(args[0], self);
      const result: unknown = await Reflect.apply(original, self, args);
      await after(result);
      return result;
    };
    const track = (self: unknown, running: Promise<unknown>): void => this.#track(self, running);
    const replaced = function (this: unknown, ...args: unknown[]): Promise<unknown> {
      const running = run(this, args);
      track(this, running);
      return running;
    };
    Reflect.set(owner, name, replaced);
    this.#undo.push(() => Reflect.set(owner, name, original));
  }

  #restore(): void {
    for (const release of this.#releases) release();
    for (const undo of this.#undo.reverse()) undo();
    syncBuiltinESMExports();
  }
}

function matches({ operation, path }: Faulty, met: FileOperation, metPath: string): boolean {
  const kinds = typeof operation === 'string' ? [operation] : operation;
  if (kinds !== undefined && !kinds.includes(met)) return false;
  return typeof path === 'string' ? metPath.startsWith(path) : path.test(metPath);
}

function asHandle(value: unknown): FileHandle {
  if (typeof value !== 'object' || value === null || !('datasync' in value)) throw new TypeError('not an open file');
  return value as FileHandle;
}
