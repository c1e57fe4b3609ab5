/**
 * A store's short life in which one call to the file system is refused, or every call from one on. Afterwards the errors
 * end, and what must then hold is checked: what was acknowledged is right, the store works, nothing was left behind.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';
import { EngineStore } from './engine-store.ts';
import { eventually } from './eventually.ts';
import type { FaultyFiles, FileOperation } from './faulty-files.ts';
import { ScriptedChanges } from './scripted-changes.ts';

export interface InjectedError {
  readonly code: 'EIO' | 'ENOSPC' | 'EMFILE';
  /** How many calls go on well before. */
  readonly skip: number;
  /** `once`, or until the errors end. */
  readonly lasts: 'once' | 'on';
}

/** The calls that can be refused in this way. */
const operations: Record<InjectedError['code'], readonly FileOperation[]> = {
  EIO: [
    ...(['access', 'datasync', 'lstat', 'mkdir', 'open', 'read', 'readFile', 'readdir', 'readv', 'rename'] as const),
    ...(['rm', 'rmdir', 'stat', 'statfs', 'sync', 'truncate', 'unlink', 'write', 'writeFile', 'writev'] as const),
  ],
  ENOSPC: ['datasync', 'mkdir', 'open', 'rename', 'sync', 'write', 'writeFile', 'writev'],
  EMFILE: ['open', 'readFile', 'readdir', 'writeFile'],
};

/** An operation that takes longer than this hangs. */
const hangLimitMs = 40_000;

/** Lives through one injected error. False if the store's life had fewer calls than were to go on well. */
export async function surviveError(files: FaultyFiles, { code, skip, lasts }: InjectedError): Promise<boolean> {
  await using store = await EngineStore.create({ partSizeMinBytes: 0 });
  const descriptorsBefore = openDescriptors(store.folder);
  const fault = files.fail({
    code,
    skip,
    operation: operations[code],
    path: store.folder,
    ...(lasts === 'once' && { times: 1 }),
  });
  const script = new ScriptedChanges(store);
  await within(hangLimitMs, async () => {
    if (!(await startsUnlessRefused(store))) return;
    await script.run();
    await store.stop();
  });
  const wasMet = fault.met > 0;
  fault.release();

  // The errors have ended: a start finds what was acknowledged, and everything works. What one error refused was taken back.
  await within(hangLimitMs, async () => {
    await store.start();
    if (lasts === 'on') await script.settle();
    await script.expectRight('all of it');
    await script.runAgain();
    await store.stop();
  });
  // The store does not wait for the files that it closes last.
  await eventually(() => expect(openDescriptors(store.folder)).toEqual(descriptorsBefore));
  expect((await readdir(store.folder, { recursive: true })).filter((name) => /\.(new|draft)$/.test(name))).toEqual([]);
  return wasMet;
}

/** False if the store could not start; then it said why in an error of its own or the system's. */
async function startsUnlessRefused(store: EngineStore): Promise<boolean> {
  try {
    await store.start();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toMatchObject({ code: 'ERR_ASSERTION' });
    return false;
  }
}

/** Files of a folder that this process has open. */
function openDescriptors(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    const path = linkOf(descriptor);
    return path.startsWith(folder) ? [path] : [];
  });
}

/** A descriptor may be closed while the folder is read. */
function linkOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return '';
  }
}

async function within(limitMs: number, work: () => Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done within ${limitMs} ms`)), limitMs);
  try {
    await Promise.race([work(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
