/** A short run of a server's storage, told in prose, of which every moment is tried as its last one. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { observe } from './observe.ts';
import { System, type SystemOptions } from './system.ts';

export interface Scene {
  readonly name: string;
  /** What happens, in whole sentences. */
  readonly story: string;
  readonly options?: SystemOptions;
  /** Whether the opening of the store is tried too; else only what follows it. */
  readonly triesStart?: boolean;
  /** Of which operations, by their descriptions, the moments are tried; else of all. */
  readonly tries?: RegExp;
  /** How many disks may be lost in the moments of acknowledgement, or a zone. Default 3; 0: nothing may be. */
  readonly disksLost?: number;
  /** Makes the files that are there, and durable, when the scene begins. The store's folder is the current one. */
  prepare?(): Promise<void>;
  /** What an operator does, at the beginning and after a crash, on a store on which no server starts. */
  makeReady?(): Promise<void>;
  play(stage: Stage): Promise<void>;
  /** What an operator asks for again after a crash, who was not told that it was done. */
  askAgain?(system: System): Promise<void>;
}

/** Operations that run at the same time, each with the resource (see `observe`) that it changes. */
export interface Concurrent<T> {
  readonly changes: string;
  readonly run: () => Promise<T>;
}

/**
 * Where a scene is played. Of each step it is written down, in the file of marks and so in the recording, when it began,
 * when it was acknowledged, and what could be seen afterwards.
 */
export class Stage implements Disposable {
  readonly #marks: number;
  readonly #options: SystemOptions;
  #open: System | undefined;
  #steps = 0;

  constructor(marksFile: string, options: SystemOptions = {}) {
    this.#marks = openSync(marksFile, 'a');
    this.#options = options;
  }

  get system(): System {
    if (this.#open === undefined) throw new Error('the storage is not open');
    return this.#open;
  }

  get engine(): System['engine'] {
    return this.system.engine;
  }

  /** A change that is acknowledged when `run` resolves. */
  async step<T>(run: () => Promise<T>): Promise<T> {
    const [result] = await this.together([{ changes: '', run }]);
    return result as T;
  }

  /** Changes under way at the same time. */
  async together<T>(operations: readonly Concurrent<T>[]): Promise<T[]> {
    this.#steps += 1;
    const step = this.#steps;
    this.#mark({ began: step, changes: operations.map(({ changes }) => changes) });
    const results = await Promise.all(
      operations.map(async ({ changes, run }) => {
        const result = await run();
        this.#mark({ acknowledged: step, changes: [changes] });
        return result;
      }),
    );
    this.#mark({ seen: step, state: await observe(this.engine) });
    return results;
  }

  async open(): Promise<void> {
    this.#open = await System.open(this.#options);
    this.#mark({ seen: this.#steps, state: await observe(this.engine) });
  }

  async close(): Promise<void> {
    const open = this.system;
    this.#open = undefined;
    await open[Symbol.asyncDispose]();
  }

  [Symbol.dispose](): void {
    closeSync(this.#marks);
  }

  #mark(mark: MarkText): void {
    writeSync(this.#marks, JSON.stringify(mark));
  }
}

export type MarkText =
  | { readonly began: number; readonly changes: readonly string[] }
  | { readonly acknowledged: number; readonly changes: readonly string[] }
  | { readonly seen: number; readonly state: Readonly<Record<string, string>> };
