import assert from 'node:assert/strict';
import { createHash, type Hash } from 'node:crypto';
import {
  chunkStringToSign,
  mismatchFields,
  type SignedText,
  type SigningContext,
  signatureMatches,
  trailerStringToSign,
} from '../../lib/sigv4/signing-key.ts';
import { S3Error } from '../errors.ts';

/**
 * The chain of signatures through a streamed body: each covers the one before it, and the first covers the request's.
 * Chunks are hashed as they come. Throws SignatureDoesNotMatch at the end of the first part that was changed.
 */
export class ChunkVerifier {
  readonly #context: SigningContext;
  #previous: string;
  #signature = '';
  #hash: Hash | undefined;

  constructor(context: SigningContext) {
    this.#context = context;
    this.#previous = context.signature;
  }

  startChunk(signature: string): void {
    this.#signature = signature;
    this.#hash = createHash('sha256');
  }

  update(data: Uint8Array): void {
    this.#hash?.update(data);
  }

  endChunk(): void {
    assert(this.#hash !== undefined, 'the chunk has been started');
    const sha256 = this.#hash.digest('hex');
    this.#hash = undefined;
    this.#check({
      stringToSign: chunkStringToSign(this.#context, { previous: this.#previous, sha256 }),
      signature: this.#signature,
    });
  }

  /** Checks the signature of trailing headers in their canonical form, one byte per character. */
  checkTrailers({ canonical, signature }: { canonical: string; signature: string }): void {
    const sha256 = createHash('sha256').update(canonical, 'latin1').digest('hex');
    this.#check({ stringToSign: trailerStringToSign(this.#context, { previous: this.#previous, sha256 }), signature });
  }

  #check(signed: SignedText): void {
    if (!signatureMatches(this.#context.key, signed)) {
      throw new S3Error('SignatureDoesNotMatch', {
        fields: mismatchFields(this.#context.accessKeyId, signed),
      });
    }
    this.#previous = signed.signature;
  }
}
