/**
 * Bodies on their way in. A small one is gathered in memory, within a budget that all requests share, and packed into the
 * store in the tick of the commit; a large one is written while it comes in, with its digests computed beside it. Either
 * way the body's own checks have passed before anything can be committed, and a body refused leaves at most garbage.
 *
 * A body that is to be encrypted is so before the store has any of it: digests are of what has come, the store gets what it has become.
 */
import type { PoolName } from '../blob/pool.ts';
import type { BlobRef } from '../blob/types.ts';
import { BytesAtHand } from '../lib/bytes-at-hand.ts';
import type { ChecksumAlgorithm, Digests } from '../lib/digests/algorithms.ts';
import { freeBuffer } from '../lib/free-buffer.ts';
import type { NewContent } from '../meta/commands.ts';
import type { Checksum } from '../meta/records.ts';
import { etagOf, fullObjectChecksum } from './checksums.ts';
import type { EngineContext } from './context.ts';
import { BlobEncryption, encryptBlob } from './encryption/blob-encryption.ts';
import { keyedEtag } from './encryption/etags.ts';
import { textBytesMax } from './encryption/frames.ts';
import { hasOpaqueEtag, type Unlocked } from './encryption/keyring.ts';
import type { LabelBase } from './labels.ts';
import type { BodySource } from './types.ts';

/**
 * How long a small body waits for memory. What others have taken of it they may fill as slowly as they like, so whoever waits
 * longer is written as a large one, for which there is room however slow others are.
 */
const waitMsMax = 1000;
/** Room for a body whose length is not known. */
const firstGuessBytes = 64 * 1024;
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
  place(label: (sealed: Sealed) => Uint8Array): NewContent;
  /** Ends the hold on the bytes, once what was submitted has settled. To be called once. */
  release(): void;
}

/** What the label of an encrypted body says beside the rest. */
export type Sealed = Pick<LabelBase, 'envelope'>;

/** How a body is stored. */
export interface BodyStorage {
  readonly pool: PoolName;
  /** Absent for one that is stored as it is. */
  readonly encryption?: Unlocked | undefined;
  /** Asked for the label of a large body, which is written before it is placed. */
  label(facts: BodyFacts, sealed: Sealed): Uint8Array;
}

/** Takes in a body. Rejects with what the source's stream or `verify` throws. */
export async function receiveBody(
  context: EngineContext,
  source: BodySource,
  storage: BodyStorage,
): Promise<ReceivedBody> {
  const { pool, encryption } = storage;
  const size = context.blobs.placeLimitBytesOf(pool.scheme);
  const limit = encryption ? textBytesMax({ size, layers: encryption.keys.length }) : size;
  if (source.length !== undefined && source.length > limit) return writeBody(context, source, storage);
  const giveBack = await context.bufferBudget.takeWithin(Math.max(1, source.length ?? limit), { waitMsMax });
  if (giveBack === undefined) return writeBody(context, source, storage);
  try {
    const { bytes, rest } = await gather(source, limit);
    if (rest === undefined) return await holdBody(context, source, { bytes, giveBack, pool, encryption });
    return await writeBody(context, { ...source, stream: resumed({ bytes, giveBack }, rest) }, storage);
  } catch (error) {
    giveBack();
    throw error;
  }
}

async function holdBody(
  context: EngineContext,
  source: BodySource,
  {
    bytes: gathered,
    giveBack,
    pool,
    encryption,
  }: { bytes: Uint8Array; giveBack: () => void } & Omit<BodyStorage, 'label'>,
): Promise<ReceivedBody> {
  const { digests, bytes } = await context.digests.digestGiven(algorithmsOf(source), gathered);
  source.verify(digests);
  const facts = factsOf(source, bytes.length, { digests, encryption });
  const encrypted = encryption && bytes.length > 0 ? encryptBlob(bytes, encryption.keys) : undefined;
  if (encrypted !== undefined) freeBuffer(bytes);
  const { stored, sealed } = encrypted ?? { stored: bytes, sealed: undefined };
  const placed: BlobRef[] = [];
  return {
    facts,
    place(label) {
      if (stored.length === 0) return contentOf(emptyBlob);
      const ref = context.blobs.place(stored, label(envelopeOf(sealed)), pool);
      placed.push(ref);
      return contentOf(ref, sealed);
    },
    release() {
      for (const ref of placed) context.blobs.release(ref);
      freeBuffer(stored);
      giveBack();
    },
  };
}

/** As `receiveBody`, of one that is written while it comes in, whatever its length. */
export async function writeBody(
  context: EngineContext,
  source: BodySource,
  { pool, encryption, label }: BodyStorage,
): Promise<ReceivedBody> {
  const encrypting = encryption && new BlobEncryption(encryption.keys);
  const digester = context.digests.open(algorithmsOf(source), source.length);
  let size = 0;
  async function* digested(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.stream) {
      // The store works on the chunk while it is being digested; the next one waits for both.
      const digesting = digester.update(chunk);
      // A failure is met by the await below; until then it must not end the process.
      digesting?.catch(() => {});
      size += chunk.length;
      if (encrypting === undefined) yield chunk;
      else yield* encrypting.update(chunk);
      await digesting;
    }
    if (encrypting !== undefined) yield encrypting.finish();
  }
  let facts: BodyFacts | undefined;
  const verifiedLabel = async () => {
    const digests = await digester.finish();
    source.verify(digests);
    facts = factsOf(source, size, { digests, encryption });
    return label(facts, envelopeOf(encrypting?.sealed));
  };
  try {
    const ref = await context.blobs.write(digested(), verifiedLabel, pool);
    if (facts === undefined) throw new Error('the store has not asked for the label');
    const content = contentOf(ref, size > 0 ? encrypting?.sealed : undefined);
    return { facts, place: () => content, release: () => context.blobs.release(ref) };
  } catch (error) {
    digester.abort();
    throw error;
  }
}

function algorithmsOf(source: BodySource): ReadonlySet<ChecksumAlgorithm> {
  return new Set<ChecksumAlgorithm>(['MD5', source.checksumAlgorithm, ...source.algorithms]);
}

function factsOf(
  source: BodySource,
  size: number,
  { digests, encryption }: { digests: Digests; encryption: Unlocked | undefined },
): BodyFacts {
  const md5 = etagOf(digests);
  const etag = encryption && hasOpaqueEtag(encryption.encryption) ? keyedEtag(encryption.keys, md5) : md5;
  return { size, etag, checksum: fullObjectChecksum(digests, source.checksumAlgorithm) };
}

function contentOf(location: BlobRef, sealed?: NewContent['sealed']): NewContent {
  return { kind: 'new', location, ...(sealed !== undefined && { sealed }) };
}

/** Of what opens a blob what its label says. */
export function envelopeOf(sealed: NewContent['sealed']): Sealed {
  return sealed === undefined ? {} : { envelope: sealed.envelope };
}

/** The stream's bytes, copied unless they are at hand: all, or until more than `limit` have come, and then `rest` goes on. */
async function gather(
  { stream, length }: BodySource,
  limit: number,
): Promise<{ bytes: Uint8Array; rest?: AsyncIterator<Uint8Array> }> {
  if (stream instanceof BytesAtHand && stream.bytes.length <= limit) return { bytes: stream.bytes };
  const iterator = stream[Symbol.asyncIterator]();
  let target: Buffer = Buffer.allocUnsafeSlow(length ?? firstGuessBytes);
  let size = 0;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    const needed = size + next.value.length;
    if (needed > target.length) target = grown(target, { size, needed });
    target.set(next.value, size);
    size = needed;
    if (size > limit) return { bytes: target.subarray(0, size), rest: iterator };
  }
  return { bytes: target.subarray(0, size) };
}

/** A larger buffer with the same bytes. */
function grown(target: Buffer, { size, needed }: { size: number; needed: number }): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * target.length));
  target.copy(larger, 0, 0, size);
  freeBuffer(target);
  return larger;
}

/** What was gathered, and what follows it. The first is given back once it is passed on: the rest may be long in coming. */
async function* resumed(
  gathered: { bytes: Uint8Array; giveBack: () => void },
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let ended = false;
  try {
    yield gathered.bytes;
    freeBuffer(gathered.bytes);
    gathered.giveBack();
    for (let next = await rest.next(); ; next = await rest.next()) {
      ended = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    if (!ended) await rest.return?.();
  }
}
