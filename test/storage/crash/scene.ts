/** A short run of a server's storage, told in prose, of which every moment is tried as its last one. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { observe } from './observe.ts';
import { System, type SystemOptions } from './system.ts';

export interface Scene {
  readonly name: string;
  /** What happens, in whole sentences. */
  readonly story: string;
  readonly options?: SystemOptions;
  /** Makes the files that are there, and durable, when the scene begins. The current folder is the store's. */
  prepare?(): Promise<void>;
  play(stage: Stage): Promise<void>;
}

/** Operations that run at the same time, each with the resource (see `observe`) that it changes. */
export interface Concurrent {
  readonly changes: string;
  readonly run: () => Promise<unknown>;
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

  /** A change that is acknowledged when `run` resolves. The first step of a scene begins with the opening of the storage. */
  async step(run: () => Promise<unknown>): Promise<void> {
    await this.together([{ changes: '', run }]);
  }

  async together(operations: readonly Concurrent[]): Promise<void> {
    this.#steps += 1;
    this.#mark({ began: this.#steps, changes: operations.map(({ changes }) => changes) });
    await Promise.all(
      operations.map(async ({ changes, run }) => {
        await run();
        this.#mark({ acknowledged: this.#steps, changes: [changes] });
      }),
    );
    this.#mark({ seen: this.#steps, state: await observe(this.engine) });
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
