/**
 * Bodies on their way in. A small one is gathered in memory, within a budget that all requests share, and packed into the
 * store in the tick of the commit; a large one is written while it comes in, with its digests computed beside it. Either
 * way the body's own checks have passed before anything can be committed, and a body refused leaves at most garbage.
 */
import type { BlobRef } from '../blob/types.ts';
import type { ChecksumAlgorithm, Digests } from '../lib/digests/algorithms.ts';
import type { Checksum } from '../meta/records.ts';
import { etagOf, fullObjectChecksum } from './checksums.ts';
import type { EngineContext } from './context.ts';
import type { BodySource } from './types.ts';

const emptyBlob: BlobRef = { size: 0, extents: [] };

export interface BodyFacts {
  readonly size: number;
  readonly etag: string;
  readonly checksum: Checksum;
}

/** A body that has come in whole and passed its checks. */
export interface ReceivedBody {
  readonly facts: BodyFacts;
  /**
   * Where the bytes lie, held until `release`. A small body is put there by this call, so the caller submits in the same
   * tick; calling again puts it there again.
   */
  place(label: () => Uint8Array): BlobRef;
  /** Ends the hold on the bytes, once what was submitted has settled. To be called once. */
  release(): void;
}

/**
 * Takes in a body. `label` is asked for the label of a large body, which is written before it is placed. Rejects with what
 * the source's stream or `verify` throws.
 */
export async function receiveBody(
  context: EngineContext,
  source: BodySource,
  label: (facts: BodyFacts) => Uint8Array,
): Promise<ReceivedBody> {
  const limit = context.blobs.placeLimitBytes;
  if (source.length !== undefined && source.length > limit) return writeBody(context, source, label);
  const giveBack = await context.bufferBudget.take(Math.max(1, source.length ?? limit));
  try {
    const { chunks, size, rest } = await gather(source.stream, limit);
    if (rest === undefined) return await holdBody(context, source, { bytes: join(chunks, size), giveBack });
    const written = await writeBody(context, { ...source, stream: resumed(chunks, rest) }, label);
    giveBack();
    return written;
  } catch (error) {
    giveBack();
    throw error;
  }
}

async function holdBody(
  context: EngineContext,
  source: BodySource,
  { bytes, giveBack }: { bytes: Uint8Array; giveBack: () => void },
): Promise<ReceivedBody> {
  const digests = await context.digests.digest(algorithmsOf(source), bytes);
  source.verify(digests);
  const placed: BlobRef[] = [];
  return {
    facts: factsOf(source, bytes.length, digests),
    place(label) {
      if (bytes.length === 0) return emptyBlob;
      const ref = context.blobs.place(bytes, label());
      placed.push(ref);
      return ref;
    },
    release() {
      for (const ref of placed) context.blobs.release(ref);
      giveBack();
    },
  };
}

async function writeBody(
  context: EngineContext,
  source: BodySource,
  label: (facts: BodyFacts) => Uint8Array,
): Promise<ReceivedBody> {
  const digester = context.digests.open(algorithmsOf(source), source.length);
  let size = 0;
  async function* digested(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.stream) {
      // The store works on the chunk while it is being digested; the next one waits for both.
      const digesting = digester.update(chunk);
      // A failure is met by the await below; until then it must not end the process.
      digesting?.catch(() => {});
      size += chunk.length;
      yield chunk;
      await digesting;
    }
  }
  let facts: BodyFacts | undefined;
  const verifiedLabel = async () => {
    const digests = await digester.finish();
    source.verify(digests);
    facts = factsOf(source, size, digests);
    return label(facts);
  };
  try {
    const ref = await context.blobs.write(digested(), verifiedLabel);
    if (facts === undefined) throw new Error('the store has not asked for the label');
    return { facts, place: () => ref, release: () => context.blobs.release(ref) };
  } catch (error) {
    digester.abort();
    throw error;
  }
}

function algorithmsOf(source: BodySource): ReadonlySet<ChecksumAlgorithm> {
  return new Set<ChecksumAlgorithm>(['MD5', source.checksumAlgorithm, ...source.algorithms]);
}

function factsOf(source: BodySource, size: number, digests: Digests): BodyFacts {
  return { size, etag: etagOf(digests), checksum: fullObjectChecksum(digests, source.checksumAlgorithm) };
}

/** Reads the stream to its end, or until it has more than `limit` bytes: then `rest` goes on where the chunks end. */
async function gather(
  stream: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ chunks: Uint8Array[]; size: number; rest?: AsyncIterator<Uint8Array> }> {
  const iterator = stream[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    chunks.push(next.value);
    size += next.value.length;
    if (size > limit) return { chunks, size, rest: iterator };
  }
  return { chunks, size };
}

async function* resumed(chunks: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  let ended = false;
  try {
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) yield chunk;
    for (let next = await rest.next(); ; next = await rest.next()) {
      ended = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    if (!ended) await rest.return?.();
  }
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size);
}
