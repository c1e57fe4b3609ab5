/** A thread that does one task on a snapshot and ends. Errors go back as what the other side must know of them. */
import assert from 'node:assert';
import { parentPort, workerData } from 'node:worker_threads';
import { isDamage } from '../database.ts';
import { runSnapshotTask, type SnapshotTask, type SnapshotTaskResult } from './snapshot-work.ts';

export type FromSnapshotThread =
  | { readonly result: SnapshotTaskResult }
  | { readonly error: string; readonly isDamage: boolean };

assert(parentPort !== null, 'runs as a worker thread');
const task: SnapshotTask = workerData;
let answer: FromSnapshotThread;
try {
  answer = { result: runSnapshotTask(task) };
} catch (error) {
  answer = { error: String(error), isDamage: isDamage(error) };
}
parentPort.postMessage(answer);
