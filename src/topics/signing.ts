/**
 * Signatures of what topics send. The server has one pair of keys for them, which is made when the first message is signed and kept
 * with who there is, its private half sealed; the certificate is read by whoever wants to verify.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import type { TopicSignature } from '../engine/types.ts';
import type { Directory } from '../iam/directory.ts';
import type { TopicSigningRecord } from '../iam/records.ts';
import type { Sealer } from '../iam/sealing.ts';
import { makeRsaSelfSigned } from '../lib/certificates/self-signed.ts';
import type { Clock } from '../lib/clock.ts';

/** What paths of certificates begin with, as at AWS. */
export const certificatePrefix = '/SimpleNotificationService-';

const recordKey = 'current';
/** Certificates say this where they have no end. https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5 */
const neverMs = Date.UTC(9999, 11, 31, 23, 59, 59);
const digests = { 1: 'sha1', 2: 'sha256' } as const;
const signOnThread = promisify(sign);

export interface TopicSignerOptions {
  readonly directory: Directory;
  readonly sealer: Sealer;
  /** In which account the keys are kept: the server's own. */
  readonly accountId: string;
  readonly region: string;
  readonly clock: Clock;
  /** Has settings copied to the disks, so that they outlive the index. */
  readonly copy: () => Promise<unknown>;
}

interface OpenKey {
  readonly key: KeyObject;
  readonly certificate: string;
}

export class TopicSigner {
  readonly #options: TopicSignerOptions;
  #opened: Promise<OpenKey> | undefined;

  constructor(options: TopicSignerOptions) {
    this.#options = options;
  }

  async sign(text: string, version: TopicSignature['version']): Promise<TopicSignature> {
    this.#opened ??= this.#open().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    const { key, certificate } = await this.#opened;
    const signature = await signOnThread(digests[version], Buffer.from(text), key);
    return { version, text: signature.toString('base64'), certificate };
  }

  /** In PEM; undefined if there is none at a path. */
  certificateAt(path: string): string | undefined {
    const certificate = this.#record()?.certificate;
    return certificate !== undefined && pathOf(certificate) === path ? certificate : undefined;
  }

  #record(): TopicSigningRecord | undefined {
    const { directory, accountId } = this.#options;
    return directory.view(accountId)?.topicSigning.get(recordKey);
  }

  /** Keys that another server key has sealed are lost, as secrets are then: there are new ones. */
  async #open(): Promise<OpenKey> {
    const { sealer } = this.#options;
    const known = this.#record();
    const opened = known && sealer.open(Buffer.from(known.key, 'base64'));
    const { certificate, key } =
      known !== undefined && opened !== undefined
        ? { certificate: known.certificate, key: opened.toString() }
        : await this.#make();
    return { certificate: pathOf(certificate), key: createPrivateKey(key) };
  }

  async #make(): Promise<{ readonly certificate: string; readonly key: string }> {
    const { directory, sealer, accountId, region, clock, copy } = this.#options;
    const createdMs = clock.nowMs();
    const names = [`sns.${region}.ninefold.internal`];
    const made = await makeRsaSelfSigned({ names, notBeforeMs: createdMs, notAfterMs: neverMs });
    const { certificate } = made;
    const key = sealer.seal(Buffer.from(made.key)).toString('base64');
    await directory.change(accountId, ({ topicSigning }) => {
      topicSigning.put(recordKey, { certificate, key, createdMs });
    });
    await copy();
    return made;
  }
}

function pathOf(certificate: string): string {
  const digest = createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex');
  return `${certificatePrefix}${digest.slice(0, 32)}.pem`;
}
