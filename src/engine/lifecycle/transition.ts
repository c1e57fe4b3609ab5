/**
 * The move of a version to another storage class. Its bytes are written anew where the class has them coded otherwise or on other disks, and then one
 * command swaps class and content of the version, if it still is what was seen. Whoever reads meanwhile has the bytes as they
 * lay; a crash leaves the version before or after, and bytes that nothing refers to, which are collected. Of a version with
 * parts each part's bytes are swapped when they are written, and the class at the end: the bytes are the same, so that can
 * be left off and gone on with at any point.
 */
import { CommandRejected, type NewContent, type SeenVersion, type TransitionVersion } from '../../meta/commands.ts';
import { encryptionRevision } from '../../meta/object-encryption.ts';
import type { Bucket, EventCause, Part, Version } from '../../meta/records.ts';
import { type BodyFacts, envelopeOf, type ReceivedBody, receiveBody, type Sealed } from '../bodies.ts';
import { isMd5 } from '../checksums.ts';
import type { EngineContext } from '../context.ts';
import { CreditedStream } from '../credited-stream.ts';
import { noticing } from '../events/notices.ts';
import { partLabel, versionLabel } from '../labels.ts';
import { withManifest } from '../manifests.ts';
import type { Range } from '../reading.ts';
import { isKeptFor, type MovedBytes, movedBytes } from '../recoding.ts';
import { describeAnew, partsOf } from '../redescription.ts';
import { tieringClass } from '../tiering/tiers.ts';
import type { ColderClass } from './waterfall.ts';

export interface TransitionRequest {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId: string;
  readonly seen: SeenVersion;
  readonly from: string;
  readonly to: ColderClass;
  readonly cause: EventCause;
}

/** Does it at once. Rejects with VersionChanged if the version is not what was seen. */
export async function transition(
  context: EngineContext,
  request: TransitionRequest,
  /** What all bytes that are moved go through. */
  metered: (source: () => AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array> = (source) => source(),
): Promise<void> {
  const { bucket, key, versionId, seen, from, to } = request;
  const known = await context.index.getVersion(bucket.id, key, versionId);
  if (known === undefined || known.ordinal !== seen.ordinal || known.attributes.storageClass !== from) {
    throw new CommandRejected('VersionChanged', 'The version has changed since it was looked at.');
  }
  // As a value of its own: what others remember of where its bytes lie may be old by the time they are read here.
  const version = { ...known };
  // Its days in a tier begin when it comes into Intelligent-Tiering.
  const { tiering: _, ...attributes } = version.attributes;
  const tiering = to === tieringClass && { tiering: { accessedMs: context.clock.nowMs() } };
  const target = { ...version, attributes: { ...attributes, storageClass: to, ...tiering } };
  const work = { context, request, version, target, metered };
  if (version.partCount !== undefined) {
    await moveParts(work, version.partCount);
    return swapClass(work);
  }
  const range = { start: 0, end: version.size };
  if (await isKeptFor(context, { source: version, range, storageClass: to })) return swapClass(work);
  return moveWhole(work);
}

/** A transition of a version that is too large to be moved in one step. */
export class LargeTransition {
  readonly #ended: Promise<'moved'>;
  /** Of the part that is being moved. */
  #stream: CreditedStream | undefined;
  #opened = Promise.withResolvers<'opened'>();
  #isAborted = false;

  constructor(context: EngineContext, request: TransitionRequest) {
    this.#ended = transition(context, request, (source) => this.#meter(source)).then(() => 'moved');
    // Met by `advance` or `abort`; until then it must not end the process.
    this.#ended.catch(() => {});
  }

  /** Goes on for about so many bytes. Rejects as `transition`. */
  async advance(bytes: number): Promise<{ readonly bytes: number; readonly outcome: 'moved' | 'under way' }> {
    if (this.#stream === undefined) {
      const outcome = await Promise.race([this.#ended, this.#opened.promise]);
      if (outcome === 'moved') return { bytes: 0, outcome };
    }
    const nextOpens = this.#opened.promise.then((): 'under way' => 'under way');
    const stream = this.#stream;
    if (stream === undefined) return { bytes: 0, outcome: 'under way' };
    return stream.advance(bytes, Promise.race([this.#ended, nextOpens]));
  }

  /** Gives it up and waits until nothing of it is under way. */
  async abort(): Promise<void> {
    this.#isAborted = true;
    this.#stream?.abort();
    await this.#ended.catch(() => {});
  }

  #meter(source: () => AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const stream = new CreditedStream(source);
    if (this.#isAborted) stream.abort();
    this.#stream = stream;
    this.#opened.resolve('opened');
    this.#opened = Promise.withResolvers();
    return stream.chunks();
  }
}

interface Work {
  readonly context: EngineContext;
  readonly request: TransitionRequest;
  readonly version: Version;
  /** The version as it will be. */
  readonly target: Version;
  readonly metered: (source: () => AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
}

/** The bytes describe the row themselves, by their label. */
async function moveWhole(work: Work): Promise<void> {
  const { context, request, version, target } = work;
  const noticeOf = await noticing(context, request.bucket, request.cause);
  const moved = await movedBytes(context, version, { start: 0, end: version.size });
  const label = (sealed: Sealed) =>
    versionLabel(request.bucket, target, { transitionedMs: context.clock.nowMs(), ...sealed });
  const body = await receiveMoved(work, moved, label);
  try {
    checkBytes(version, moved, body.facts);
    const content = contentOf(moved, body, label);
    await context.index.submit({
      ...commandOf(work),
      content,
      ...noticeOf('LifecycleTransition', version.key, { storageClass: request.to }),
    });
  } finally {
    body.release();
  }
}

/** The bytes stay where they are, so a manifest says what the row is from now on. */
async function swapClass(work: Work): Promise<void> {
  const { context, request, version, target } = work;
  const noticeOf = await noticing(context, request.bucket, request.cause);
  const manifest = await describeAnew(context, request.bucket, target);
  await withManifest(context, { ...manifest, transitionedMs: context.clock.nowMs() }, (held) =>
    context.index.submit({
      ...commandOf(work),
      ...held,
      ...noticeOf('LifecycleTransition', version.key, { storageClass: request.to }),
    }),
  );
}

async function moveParts(work: Work, partCount: number): Promise<void> {
  const { context, request, version } = work;
  for (const { part, start } of await partsOf(context, version, partCount)) {
    const range = { start, end: start + part.size };
    if (!(await isKeptFor(context, { source: version, range, storageClass: request.to }))) {
      await movePart(work, part, range);
    }
  }
}

async function movePart(work: Work, part: Part, range: Range): Promise<void> {
  const { context, request, version, target } = work;
  const { bucketId, key, ordinal, uploadId = '', lastModifiedMs, checksum } = version;
  const upload = {
    ...{ uploadId, bucketId, key, initiatedMs: lastModifiedMs, attributes: target.attributes },
    ...(checksum !== undefined && { checksumAlgorithm: checksum.algorithm, checksumType: checksum.type }),
  };
  const moved = await movedBytes(context, version, range);
  const label = (sealed: Sealed) => partLabel(request.bucket, upload, part, sealed);
  const body = await receiveMoved(work, moved, label);
  try {
    checkBytes(part, moved, body.facts);
    const content = contentOf(moved, body, label);
    const { partNumber } = part;
    await context.index.submit({ type: 'rewrite-part', bucketId, key, ordinal, partNumber, content });
  } finally {
    body.release();
  }
}

type Label = (sealed: Sealed) => Uint8Array;

function receiveMoved(
  { context, request, metered }: Work,
  { source, encryption, sealed }: MovedBytes,
  label: Label,
): Promise<ReceivedBody> {
  return receiveBody(
    context,
    { ...source, stream: metered(() => source.stream) },
    { pool: context.poolOf(request.to), encryption, label: (_, made) => label(labelled(sealed, made)) },
  );
}

function contentOf({ sealed }: MovedBytes, body: ReceivedBody, label: Label): NewContent {
  const content = body.place((made) => label(labelled(sealed, made)));
  return sealed === undefined ? content : { ...content, sealed };
}

/** What moves as it lies keeps what opens it. */
function labelled(sealed: MovedBytes['sealed'], made: Sealed): Sealed {
  return sealed === undefined ? made : envelopeOf(sealed);
}

/** Every block was verified as it was read; this is what a client would compare, of bytes that are its own. */
function checkBytes(
  expected: { readonly size: number; readonly etag: string },
  { source, encryption, sealed }: MovedBytes,
  { size, etag }: BodyFacts,
): void {
  const isText = sealed === undefined && encryption === undefined;
  if (size === (source.length ?? size) && (!isText || !isMd5(expected.etag) || etag === expected.etag)) return;
  throw new Error(`Of ${expected.size} bytes with the ETag ${expected.etag}, ${size} with ${etag} were read.`);
}

function commandOf({ request, target }: Work): TransitionVersion {
  const { bucket, key, versionId, seen, from, to } = request;
  const { tiering: { accessedMs } = {}, lock, encryption } = target.attributes;
  const revision = encryptionRevision(encryption);
  return {
    ...{ type: 'transition-version', bucketId: bucket.id, key, versionId, seen, from, to },
    ...(accessedMs !== undefined && { accessedMs }),
    ...(lock !== undefined && { lockRevision: lock.revision }),
    ...(revision !== undefined && { encryptionRevision: revision }),
  };
}
