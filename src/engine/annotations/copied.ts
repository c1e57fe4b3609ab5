/**
 * Annotations of an object that a copy is to have. They share the bytes of the source's where they can, and are written anew where the copy
 * is encrypted so that it cannot share them; each has a manifest of its own, which says whose it is.
 */
import type { ChecksumAlgorithm } from '../../lib/digests/algorithms.ts';
import type { NewAnnotation } from '../../meta/annotation-commands.ts';
import type { Content } from '../../meta/commands.ts';
import type { Annotation, Bucket, Version } from '../../meta/records.ts';
import type { StoredAnnotation } from '../../meta/types.ts';
import { writeBody } from '../bodies.ts';
import { defaultChecksumAlgorithm, etagOf, fullObjectChecksum, isMd5, knownAlgorithm } from '../checksums.ts';
import type { EngineContext } from '../context.ts';
import { resealed } from '../encryption/encrypted-slices.ts';
import { opaqueEtag } from '../encryption/etags.ts';
import { canShare, hasOpaqueEtag, type Unlocked } from '../encryption/keyring.ts';
import { describeAnnotation } from '../labels.ts';
import { type NamedSlice, nameSlices, placeManifests, sharedContent } from '../manifests.ts';
import { readAnnotation, requireOwnKey, storageClass } from './annotations.ts';
import type { AnnotationSource } from './types.ts';

/** An annotation of a copy, before it is known when and as which version that comes about. */
interface Copied {
  readonly facts: Omit<Annotation, 'lastModifiedMs'>;
  readonly content: Content;
  readonly slices: readonly NamedSlice[];
}

export interface CopiedAnnotations {
  readonly all: readonly Copied[];
  /** Ends the hold on bytes that were written anew, once the command was answered. */
  release(): void;
}

const atOnce = 1000;
const nothing: CopiedAnnotations = { all: [], release: () => {} };
/** Of bytes that say nothing of themselves: a manifest does. */
const bytesLabel = Buffer.from('{"v":1,"kind":"annotation-bytes"}');

/** Whether a copy has any. */
export function isAnnotated(copied: CopiedAnnotations | undefined): boolean {
  return copied !== undefined && copied.all.length > 0;
}

/** The annotations of a source, for a copy that is so encrypted. Throws AnnotationUnderCustomerKey. */
export async function copiedAnnotations(
  context: EngineContext,
  source: AnnotationSource | undefined,
  unlocked: Unlocked | undefined,
): Promise<CopiedAnnotations> {
  if (source === undefined) return nothing;
  const { version } = source;
  const { annotations } = await context.index.listAnnotations(version, { prefix: '', after: '', limit: atOnce });
  if (annotations.length === 0) return nothing;
  if (unlocked !== undefined) requireOwnKey(unlocked.encryption, version.key);
  const releases: (() => void)[] = [];
  const release = () => {
    for (const each of releases) each();
  };
  try {
    const { encryption } = version.attributes;
    const isShared = canShare(encryption, unlocked?.encryption);
    const keys = isShared && encryption ? await context.keyring.open(encryption, undefined) : undefined;
    const all: Copied[] = [];
    for (const found of annotations) {
      if (isShared) all.push(await share(context, source, { found, keys, unlocked }));
      else all.push(await rewrite(context, source, { found, unlocked, releases }));
    }
    return { all, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function share(
  context: EngineContext,
  source: AnnotationSource,
  {
    found,
    keys,
    unlocked,
  }: { found: StoredAnnotation; keys: Unlocked['keys'] | undefined; unlocked: Unlocked | undefined },
): Promise<Copied> {
  const slices =
    keys === undefined || unlocked === undefined
      ? found.slices
      : found.slices.map((slice) => resealed(slice, keys, unlocked.keys));
  const facts = await factsOf(context, source, { found, unlocked });
  return { facts, content: sharedContent(slices), slices: await nameSlices(context, slices) };
}

/** The stored digests where they are those of a copy, else by reading. */
async function factsOf(
  context: EngineContext,
  { version, checksumAlgorithm }: AnnotationSource,
  { found, unlocked }: { found: StoredAnnotation; unlocked: Unlocked | undefined },
): Promise<Copied['facts']> {
  const { name, size, etag, checksum } = found.annotation;
  const isOpaque = hasOpaqueEtag(unlocked?.encryption);
  const algorithm = checksumAlgorithm ?? knownAlgorithm(checksum?.algorithm) ?? defaultChecksumAlgorithm;
  const hasEtag = isOpaque || (isMd5(etag) && !hasOpaqueEtag(version.attributes.encryption));
  if (checksum?.algorithm === algorithm && hasEtag) {
    return { name, size, etag: isOpaque ? opaqueEtag() : etag, checksum };
  }
  const digester = context.digests.open(new Set(['MD5', algorithm]), size);
  try {
    for await (const chunk of await readAnnotation(context, version, found)) await digester.update(chunk);
    const digests = await digester.finish();
    const shown = isOpaque ? opaqueEtag() : etagOf(digests);
    return { name, size, etag: shown, checksum: fullObjectChecksum(digests, algorithm) };
  } catch (error) {
    digester.abort();
    throw error;
  }
}

async function rewrite(
  context: EngineContext,
  { version, checksumAlgorithm }: AnnotationSource,
  { found, unlocked, releases }: { found: StoredAnnotation; unlocked: Unlocked | undefined; releases: (() => void)[] },
): Promise<Copied> {
  const { name, size, checksum } = found.annotation;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield* await readAnnotation(context, version, found);
  }
  const source = {
    ...{ stream: bytes(), length: size, algorithms: new Set<ChecksumAlgorithm>() },
    checksumAlgorithm: checksumAlgorithm ?? knownAlgorithm(checksum?.algorithm) ?? defaultChecksumAlgorithm,
    // Every block is verified as it is read.
    verify: () => {},
  };
  const storage = { pool: context.poolOf(storageClass), encryption: unlocked, label: () => bytesLabel };
  const body = await writeBody(context, source, storage);
  releases.push(() => body.release());
  const content = body.place(() => bytesLabel);
  const { location, sealed } = content;
  const slice = { location, offset: 0, length: size, blob: 0, ...(sealed && { envelope: sealed.envelope }) };
  return { facts: { name, ...body.facts }, content, slices: await nameSlices(context, [slice]) };
}

/** Submits the command that makes the copy with what it has of annotations, in one tick. */
export async function withAnnotations<T>(
  context: EngineContext,
  { bucket, version, copied }: { bucket: Bucket; version: Version; copied: CopiedAnnotations },
  submit: (held: { readonly annotations?: readonly NewAnnotation[] }) => Promise<T>,
): Promise<T> {
  if (copied.all.length === 0) return submit({});
  const { lastModifiedMs } = version;
  const described = copied.all.map(({ facts, slices }) => ({
    ...describeAnnotation(bucket, version, { ...facts, lastModifiedMs }),
    slices,
  }));
  const { refs, release } = placeManifests(context, described);
  const annotations = copied.all.map(({ facts, content }, i) => {
    const manifest = refs[i];
    return { ...facts, lastModifiedMs, content, ...(manifest !== undefined && { manifest }) };
  });
  try {
    return await submit({ annotations });
  } finally {
    release();
  }
}
