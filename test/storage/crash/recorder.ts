/** Plays a scene in a process of its own under strace, and keeps what it did: a folder that can be read again later. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memoryFolder as findMemoryFolder } from '../../support/memory-folder.ts';
import { readTree } from './file-tree.ts';
import { type History, historyOf } from './history.ts';
import { findScene } from './scenes/index.ts';
import { readCalls } from './strace-output.ts';

const player = fileURLToPath(new URL('player.ts', import.meta.url));

const MEMORY_BYTES_MIN = 512 * 1024 * 1024;

/**
 * Where everything lies that need not last: in memory, where syncs cost nothing, and files are not copied by reference,
 * which no call that is recorded would show.
 */
export const memoryFolder = findMemoryFolder(MEMORY_BYTES_MIN);

/** Calls that change files, or say which file a descriptor is. Those with `?` do not exist on every processor. */
const TRACED = [
  ...['?open', 'openat', '?creat', 'close', 'dup', '?dup2', 'dup3', 'mmap', 'io_uring_setup'],
  ...['write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'ftruncate', 'truncate', 'fallocate'],
  ...['copy_file_range', 'sendfile', '?rename', '?renameat', 'renameat2', '?unlink', 'unlinkat', '?mkdir', 'mkdirat'],
  ...['?rmdir', '?link', 'linkat', '?symlink', 'symlinkat', 'fsync', 'fdatasync', 'sync', 'syncfs'],
].join(',');

/** libuv's threads, as the daemon has them, so that syncs of a wave are under way together. */
const environment = { ...process.env, UV_THREADPOOL_SIZE: '16', UV_USE_IO_URING: '0' };

export interface Recording {
  readonly scene: string;
  readonly history: History;
}

/** Makes a recording in an empty folder. Changes the current folder. Rejects where strace is not there or the scene fails. */
export async function record(scene: string, folder: string): Promise<void> {
  const root = join(folder, 'root');
  mkdirSync(join(root, 'data'), { recursive: true });
  writeFileSync(join(folder, 'scene'), scene);
  process.chdir(root);
  await findScene(scene).prepare?.();
  cpSync(root, join(folder, 'initial'), { recursive: true });
  const traced = [
    '-f',
    '--seccomp-bpf',
    '-qq',
    '-xx',
    '-s',
    '1000000000',
    '-e',
    'signal=none',
    '-e',
    `trace=${TRACED}`,
  ];
  const play = [process.execPath, player, scene, join(folder, 'marks')];
  const played = spawnSync('strace', [...traced, '-o', join(folder, 'calls'), ...play], {
    cwd: root,
    env: environment,
  });
  process.chdir(memoryFolder);
  requireSuccess(`the scene ${scene}`, played);
}

function requireSuccess(what: string, { error, status, signal, stderr }: SpawnSyncReturns<Buffer>): void {
  if (error && 'code' in error && error.code === 'ENOENT') {
    throw new Error('strace is not installed, and without it no crash can be proved: install the package `strace`');
  }
  if (error) throw error;
  if (status !== 0) throw new Error(`${what} ended with ${status ?? signal}: ${stderr.toString()}`);
}

export function readRecording(folder: string): Recording {
  const calls = readCalls(readFileSync(join(folder, 'calls'), 'latin1'));
  const places = { root: join(folder, 'root'), marks: join(folder, 'marks') };
  const history = historyOf(calls, readTree(join(folder, 'initial')), places);
  return { scene: readFileSync(join(folder, 'scene'), 'utf8'), history };
}
