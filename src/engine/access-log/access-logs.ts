import type { Bucket, LogGroup, StoredLogBatch } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import { refusing } from '../refusals.ts';
import type { Buckets, Objects } from '../types.ts';
import { loggingKind } from './configuration.ts';
import { deliverBatches } from './delivery.ts';
import type { AccessNotes } from './notes.ts';
import type { AccessLogs } from './types.ts';

/** Rows that are read at once: of a busy bucket each has about a megabyte of lines. */
const pageSize = 8;

/** Access logs. `notes` writes their lines. */
export function createAccessLogs(
  context: EngineContext,
  { notes, buckets, objects }: { notes: AccessNotes; buckets: Buckets; objects: Objects },
): AccessLogs {
  const { index } = context;
  const { journal } = notes;
  const drop = async (group: LogGroup, batches: readonly StoredLogBatch[]): Promise<number> => {
    await index.submit({ type: 'drop-log-batches', sequences: batches.map(({ sequence }) => sequence) });
    journal.settled({ ...group, size: batches.reduce((sum, { size }) => sum + size, 0) });
    return batches.reduce((sum, { lines }) => sum + lines, 0);
  };
  return {
    get isOn() {
      return journal.isOn;
    },
    get lost() {
      return journal.lost;
    },
    open: () => refusing({}, () => journal.open()),
    async configure(bucket: Bucket, configuration) {
      await buckets.setConfig(bucket, loggingKind, configuration === undefined ? null : JSON.stringify(configuration));
      if (configuration !== undefined) journal.isOn = true;
    },
    note: (bucket, line) => notes.write(bucket, line),
    flush: () => journal.flush(),
    groups: () => refusing({}, () => index.listLogGroups()),
    deliver: (group, options) =>
      refusing({}, async () => {
        const batches = await oldest(context, group, options.objectBytesMax);
        const source = await deliverBatches({ index, buckets, objects }, batches, options);
        return { lines: await drop(group, batches), source };
      }),
    giveUp: (group) =>
      refusing({}, async () => ({ lines: await drop(group, await oldest(context, group, Number.POSITIVE_INFINITY)) })),
    close: () => journal.close(),
  };
}

/** The oldest batches of a group, of about so many bytes. */
async function oldest({ index }: EngineContext, group: LogGroup, bytesMax: number): Promise<readonly StoredLogBatch[]> {
  const { bucketId, day } = group;
  const batches: StoredLogBatch[] = [];
  for (let [size, after] = [0, 0]; size < bytesMax; ) {
    const page = await index.listLogBatches({ bucketId, day, after, limit: pageSize });
    for (const batch of page) {
      if (size >= bytesMax) break;
      batches.push(batch);
      size += batch.size;
    }
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.sequence;
  }
  return batches;
}
