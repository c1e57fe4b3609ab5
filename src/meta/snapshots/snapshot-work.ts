/**
 * What takes long about snapshots, as functions that block: the snapshot thread runs them while the index serves, a start
 * runs them itself. Everything they write is synced when they return.
 */
import { createHash } from 'node:crypto';
import { closeSync, fdatasyncSync, fsyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { readFacts } from '../database.ts';
import type { SnapshotFacts } from './snapshot-file.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Bytes written between two syncs: a disk that must take a large file in one go lets the log's syncs wait. */
const SYNC_EVERY_BYTES = CHUNK_BYTES;
const VACUUM_CACHE_KIB = 2048;

export type SnapshotTask =
  /** Copies the index as it is now, while others read and write it, to a file of its own. */
  | { readonly kind: 'make'; readonly database: string; readonly draft: string }
  /** Copies a file. */
  | { readonly kind: 'copy'; readonly from: string; readonly draft: string }
  /** Reads a file through. */
  | { readonly kind: 'digest'; readonly path: string };

/** What the task's file holds, read back from where it was written. A copy and a digest do not say what it means. */
export type SnapshotTaskResult = Pick<SnapshotFacts, 'sizeBytes' | 'digest'> & { readonly facts?: SnapshotFacts };

export function runSnapshotTask(task: SnapshotTask): SnapshotTaskResult {
  switch (task.kind) {
    case 'make': {
      const facts = makeDraft(task);
      const content = digestFile(task.draft);
      return { ...content, facts: { ...facts, ...content } };
    }
    case 'copy':
      copyFile(task);
      return digestFile(task.draft);
    case 'digest':
      return digestFile(task.path);
  }
}

function makeDraft({ database, draft }: { database: string; draft: string }) {
  rmSync(draft, { force: true });
  const db = new Database(database, { readonly: true, fileMustExist: true });
  try {
    // What it keeps to itself it writes at its end, all at once.
    db.pragma(`cache_size = -${VACUUM_CACHE_KIB}`);
    db.prepare('VACUUM INTO ?').run(draft);
  } finally {
    db.close();
  }
  const facts = readFacts(draft);
  if (facts === undefined) throw new Error(`${draft} holds no index`);
  const file = openSync(draft, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return facts;
}

function copyFile({ from, draft }: { from: string; draft: string }): void {
  rmSync(draft, { force: true });
  const target = openSync(draft, 'wx');
  try {
    let unsynced = 0;
    for (const chunk of chunksOf(from)) {
      for (let at = 0; at < chunk.length; ) at += writeSync(target, chunk, at);
      unsynced += chunk.length;
      if (unsynced < SYNC_EVERY_BYTES) continue;
      fdatasyncSync(target);
      unsynced = 0;
    }
    fsyncSync(target);
  } finally {
    closeSync(target);
  }
}

function digestFile(path: string): { sizeBytes: number; digest: string } {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for (const chunk of chunksOf(path)) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sizeBytes, digest: hash.digest('hex') };
}

/** The file in order, each piece valid until the next is asked for. */
function* chunksOf(path: string): Generator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const length = readSync(file, buffer);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}
