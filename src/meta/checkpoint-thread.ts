/** A thread that copies the WAL of a database into its file, beside those who write and read it, and ends. */
import assert from 'node:assert';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

export type FromCheckpointThread = { readonly error?: string };

assert(parentPort !== null, 'runs as a worker thread');
const path: string = workerData;
let answer: FromCheckpointThread = {};
try {
  const db = new Database(path, { fileMustExist: true });
  try {
    db.pragma('wal_checkpoint(PASSIVE)');
  } finally {
    db.close();
  }
} catch (error) {
  answer = { error: String(error) };
}
parentPort.postMessage(answer);
