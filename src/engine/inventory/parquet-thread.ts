/** A thread that encodes one file in Parquet: it is told lines and answers with the bytes of their row group, and is told the end. */
import assert from 'node:assert';
import { parentPort, workerData } from 'node:worker_threads';
import { ParquetEncoder } from './parquet-encoder.ts';

/** Lines, or undefined for the end. */
export type ToParquetThread = { readonly lines: string | undefined };

assert(parentPort !== null, 'runs as a worker thread');
const port = parentPort;
const columns: readonly string[] = workerData;
const encoder = new ParquetEncoder(columns);
port.on('message', ({ lines }: ToParquetThread) => {
  port.postMessage(lines === undefined ? encoder.finish() : encoder.encode(lines));
});
