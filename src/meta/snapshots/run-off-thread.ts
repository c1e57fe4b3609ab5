/** Runs a task on a snapshot on a thread of its own, so that no request waits for it. */
import { startThread } from '../../lib/start-thread.ts';
import type { FromSnapshotThread } from './snapshot-thread.ts';
import type { SnapshotTask, SnapshotTaskResult } from './snapshot-work.ts';
import { syncWhileWritten } from './sync-while-written.ts';

/** SQLite found the index database damaged while it was read. */
export class IndexDamaged extends Error {
  override readonly name = 'IndexDamaged';
}

export function runOffThread(task: SnapshotTask): Promise<SnapshotTaskResult> {
  const worker = startThread(
    { module: 'snapshot-thread', beside: import.meta.url },
    { workerData: task, name: 'snapshot' },
  );
  const done = new Promise<SnapshotTaskResult>((resolve, reject) => {
    worker.once('message', (answer: FromSnapshotThread) => {
      if ('result' in answer) resolve(answer.result);
      else reject(answer.isDamage ? new IndexDamaged(answer.error) : new Error(answer.error));
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the snapshot thread ended with ${code} and no answer`)));
  });
  // SQLite writes it in one go, and its thread can do nothing else meanwhile.
  return task.kind === 'make' ? syncWhileWritten(task.draft, done) : done;
}
