/** A digest thread: reads filled slots of the shared ring, frees them, and answers with digests. Never keeps a byte. */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import type { ChecksumAlgorithm, Digests } from './algorithms.ts';
import { InlineDigester } from './inline-digester.ts';
import type { FromDigestThread, SharedRing, ToDigestThread, UpdateMessage, WholeMessage } from './messages.ts';

assert(parentPort !== null, 'runs as a worker thread');
const port = parentPort;
const ring: SharedRing = workerData;
const bytes = new Uint8Array(ring.bytes);
const states = new Int32Array(ring.states);
const streams = new Map<number, InlineDigester>();

port.on('message', receive);

function receive(message: ToDigestThread): void {
  switch (message.kind) {
    case 'open':
      streams.set(message.stream, new InlineDigester(new Set(message.algorithms)));
      return;
    case 'update':
      update(message);
      return;
    case 'whole':
      void digestWhole(message);
      return;
    case 'finish':
      void finish(message.stream);
      return;
    case 'abort':
      streams.get(message.stream)?.abort();
      streams.delete(message.stream);
  }
}

function update({ stream, slot, length }: UpdateMessage): void {
  const start = slot * ring.slotBytes;
  try {
    // A stream that has failed is gone already; its slots are still to be freed.
    const waits = streams.get(stream)?.update(bytes.subarray(start, start + length));
    if (waits === undefined) freeSlot(slot);
    else waits.catch((error: unknown) => fail(stream, error)).finally(() => freeSlot(slot));
  } catch (error) {
    fail(stream, error);
    freeSlot(slot);
  }
}

async function finish(stream: number): Promise<void> {
  const digester = streams.get(stream);
  if (digester === undefined) return;
  try {
    const digests = await digester.finish();
    streams.delete(stream);
    post({ kind: 'finished', stream, digests: plain(digests) });
  } catch (error) {
    fail(stream, error);
  }
}

async function digestWhole({ stream, algorithms, bytes }: WholeMessage): Promise<void> {
  const digester = new InlineDigester(new Set(algorithms));
  streams.set(stream, digester);
  try {
    await digester.update(bytes);
    const digests = await digester.finish();
    streams.delete(stream);
    port.postMessage({ kind: 'finished', stream, digests: plain(digests), bytes } satisfies FromDigestThread, [
      bytes.buffer,
    ]);
  } catch (error) {
    fail(stream, error);
  }
}

function plain(digests: Digests): (readonly [ChecksumAlgorithm, Uint8Array])[] {
  return [...digests].map(([name, digest]) => [name, new Uint8Array(digest)]);
}

function fail(stream: number, error: unknown): void {
  if (!streams.has(stream)) return;
  streams.get(stream)?.abort();
  streams.delete(stream);
  post({ kind: 'failed', stream, message: error instanceof Error ? error.message : String(error) });
}

function freeSlot(slot: number): void {
  Atomics.store(states, slot, 0);
  if (Atomics.exchange(states, ring.slots, 0) === 1) post({ kind: 'slot-free' });
}

function post(message: FromDigestThread): void {
  port.postMessage(message);
}
