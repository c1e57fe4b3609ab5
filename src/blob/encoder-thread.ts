/** A thread that encodes stripes in the shared memory. It is told a buffer and how the stripe lies in it, and answers with the buffer. */
import { parentPort, workerData } from 'node:worker_threads';
import { createCoder } from './coding/coder.ts';
import { SCHEMES, type SchemeName } from './scheme.ts';
import { StripeBuffer } from './stripe-buffers.ts';

export interface EncodeRequest {
  readonly index: number;
  readonly scheme: SchemeName;
  readonly unit: number;
  readonly at: number;
  readonly apart: number;
}

const memory: WebAssembly.Memory = workerData;
const coder = createCoder(memory);

parentPort?.on('message', ({ index, scheme, ...lies }: EncodeRequest) => {
  new StripeBuffer(coder, index).encode({ scheme: SCHEMES[scheme], ...lies });
  parentPort?.postMessage(index);
});
