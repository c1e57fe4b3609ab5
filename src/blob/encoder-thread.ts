/** A thread that encodes stripes in the shared memory. It is told a buffer and a unit and answers with the buffer. */
import { parentPort, workerData } from 'node:worker_threads';
import { createCoder } from './coding/coder.ts';
import { StripeBuffer } from './stripe-buffers.ts';

export interface EncodeRequest {
  readonly index: number;
  readonly unit: number;
}

const memory: WebAssembly.Memory = workerData;
const coder = createCoder(memory);

parentPort?.on('message', ({ index, unit }: EncodeRequest) => {
  new StripeBuffer(memory, index).encode(coder, unit);
  parentPort?.postMessage(index);
});
