/** A KMS for tests of the engine: it seals by writing down what the key is for, and opens for the same only. */
import { randomBytes } from 'node:crypto';
import type { DataKeys } from '../../src/engine/types.ts';

export function createTestKms(): DataKeys {
  return {
    async generate(keyArn, context) {
      const key = randomBytes(32);
      return { key, sealed: JSON.stringify([keyArn, context, key.toString('hex')]) };
    },
    async seal(key, keyArn, context) {
      return JSON.stringify([keyArn, context, key.toString('hex')]);
    },
    async open(sealed, context) {
      const [, sealedFor, key] = JSON.parse(sealed) as [string, unknown, string];
      if (JSON.stringify(sealedFor) !== JSON.stringify(context)) throw new Error('sealed for another context');
      return Buffer.from(key, 'hex');
    },
  };
}
