/**
 * Objects that come under a key of KMS after they were written. Nothing of their bytes is touched, nor of the envelopes, which may be
 * thousands: what changes is the record, and its description on disk. So whoever reads meanwhile has the right keys with either.
 */
import { allowsRemoval } from '../../meta/object-lock.ts';
import type { EngineContext } from '../context.ts';
import { EngineError } from '../errors.ts';
import { withManifest } from '../manifests.ts';
import { findVersion } from '../objects.ts';
import { changeAttemptsMax, describeAnew, isPassing, namesOf } from '../redescription.ts';
import { keyDetails, refusing } from '../refusals.ts';
import type { EncryptedTarget, Encryption } from './types.ts';

type Decide = Parameters<Encryption['rekey']>[1];

export function createEncryption(context: EngineContext): Encryption {
  return {
    rekey: (target, decide) => refusing(keyDetails(target.bucket, target.key), () => rekey(context, target, decide)),
  };
}

async function rekey(context: EngineContext, target: EncryptedTarget, decide: Decide): Promise<void> {
  const { bucket } = target;
  for (let attempts = 1; ; attempts++) {
    // As a value of its own: what others remember of where its bytes lie may be old by the time they are named.
    const version = { ...(await findVersion(context, target)) };
    const { attributes } = version;
    const { source, asked } = await decide(version);
    const atMs = context.clock.nowMs();
    // What is refused must not be described: whoever makes the index anew could not tell that it never was so.
    if (!allowsRemoval(attributes.lock, { atMs })) {
      throw new EngineError('ObjectLocked', `${target.key} is locked`, keyDetails(bucket, target.key));
    }
    const encryption = await context.keyring.rekey(source, asked);
    try {
      const manifest = await describeAnew(context, bucket, { ...version, attributes: { ...attributes, encryption } });
      await withManifest(context, { ...manifest, transitionedMs: atMs }, (held) =>
        context.index.submit({ type: 'set-version-encryption', encryption, atMs, ...held, ...namesOf(version) }),
      );
      return;
    } catch (error) {
      if (!isPassing(error, target) || attempts === changeAttemptsMax) throw error;
    }
  }
}
