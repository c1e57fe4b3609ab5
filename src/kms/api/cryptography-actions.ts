/** What is done with keys. https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html and its neighbours */
import { z } from 'zod';
import { randomBuffer } from '../../lib/ids.ts';
import type { EncryptionContext } from '../ciphertext.ts';
import { KmsError } from '../errors.ts';
import { requireAccountUse, requireKeyUse } from '../key-access.ts';
import type { KmsKey } from '../key-ring.ts';
import { action, bytesSchema, contextSchema, type KmsAction, type KmsCall, keyId, keyNamed } from './action.ts';

const algorithm = z.literal('SYMMETRIC_DEFAULT').default('SYMMETRIC_DEFAULT');
const plaintext = bytesSchema({ min: 1, max: 4096 });
const ciphertext = bytesSchema({ min: 1, max: 6144 });
const numberOfBytes = z.int().min(1).max(1024).optional();

const dataKeySchema = z.strictObject({
  KeyId: keyId,
  EncryptionContext: contextSchema,
  KeySpec: z.enum(['AES_128', 'AES_256']).optional(),
  NumberOfBytes: numberOfBytes,
});

export const cryptographyActions: readonly (readonly [string, KmsAction])[] = [
  [
    'Encrypt',
    action(
      z.strictObject({
        KeyId: keyId,
        Plaintext: plaintext,
        EncryptionContext: contextSchema,
        EncryptionAlgorithm: algorithm,
      }),
      async (call, { KeyId, Plaintext, EncryptionContext, EncryptionAlgorithm }) => {
        const key = await usable(call, KeyId, { action: 'kms:Encrypt', context: EncryptionContext });
        const CiphertextBlob = base64(call.ring.encrypt(key, Plaintext, EncryptionContext));
        return { CiphertextBlob, KeyId: key.arn, EncryptionAlgorithm };
      },
    ),
  ],
  [
    'Decrypt',
    action(
      z.strictObject({
        KeyId: keyId.optional(),
        CiphertextBlob: ciphertext,
        EncryptionContext: contextSchema,
        EncryptionAlgorithm: algorithm,
      }),
      async (call, { KeyId, CiphertextBlob, EncryptionContext: context, EncryptionAlgorithm }) => {
        const key = await opener(call, CiphertextBlob, { named: KeyId, action: 'kms:Decrypt', context });
        const Plaintext = base64(call.ring.decrypt(CiphertextBlob, context));
        return { Plaintext, KeyId: key.arn, EncryptionAlgorithm };
      },
    ),
  ],
  [
    'ReEncrypt',
    action(
      z.strictObject({
        CiphertextBlob: ciphertext,
        SourceKeyId: keyId.optional(),
        SourceEncryptionContext: contextSchema,
        SourceEncryptionAlgorithm: algorithm,
        DestinationKeyId: keyId,
        DestinationEncryptionContext: contextSchema,
        DestinationEncryptionAlgorithm: algorithm,
      }),
      async (call, input) => {
        const { CiphertextBlob, SourceEncryptionContext: from, DestinationEncryptionContext: to } = input;
        const asked = { named: input.SourceKeyId, action: 'kms:ReEncryptFrom', context: from };
        const source = await opener(call, CiphertextBlob, asked);
        const key = await usable(call, input.DestinationKeyId, { action: 'kms:ReEncryptTo', context: to });
        return {
          CiphertextBlob: base64(call.ring.encrypt(key, call.ring.decrypt(CiphertextBlob, from), to)),
          SourceKeyId: source.arn,
          KeyId: key.arn,
          SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm,
          DestinationEncryptionAlgorithm: input.DestinationEncryptionAlgorithm,
        };
      },
    ),
  ],
  [
    'GenerateDataKey',
    action(dataKeySchema, async (call, input) => {
      const { plain, ...answer } = await generate(call, 'kms:GenerateDataKey', input);
      return { Plaintext: base64(plain), ...answer };
    }),
  ],
  [
    'GenerateDataKeyWithoutPlaintext',
    action(dataKeySchema, async (call, input) => {
      const { plain: _, ...answer } = await generate(call, 'kms:GenerateDataKeyWithoutPlaintext', input);
      return answer;
    }),
  ],
  [
    'GenerateRandom',
    action(z.strictObject({ NumberOfBytes: numberOfBytes }), async ({ iam, caller }, { NumberOfBytes = 32 }) => {
      requireAccountUse(iam, caller, { action: 'kms:GenerateRandom' });
      return { Plaintext: base64(randomBuffer(NumberOfBytes)) };
    }),
  ],
];

interface Use {
  readonly action: string;
  readonly context: EncryptionContext;
}

/** A key to encrypt with, and with new material if that is due. */
async function usable(call: KmsCall, named: string, use: Use): Promise<KmsKey> {
  const key = await keyNamed(call, named, use);
  call.ring.requireUsable(key);
  return call.ring.rotated(key);
}

/** The key that a text was encrypted with, which must be the one that the request names, if it names one. */
async function opener(
  call: KmsCall,
  text: Buffer,
  { named, ...use }: Use & { readonly named: string | undefined },
): Promise<KmsKey> {
  const { ring, iam, caller } = call;
  const key = ring.keyOf(text);
  if (named !== undefined && (await ring.resolve({ named, accountId: caller.identity.accountId })).arn !== key.arn) {
    throw new KmsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  }
  requireKeyUse(iam, caller, key, use);
  ring.requireUsable(key);
  return key;
}

async function generate(
  call: KmsCall,
  use: string,
  { KeyId: named, EncryptionContext: context, KeySpec, NumberOfBytes }: z.infer<typeof dataKeySchema>,
) {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
    throw new KmsError('ValidationException', 'Please specify either number of bytes or key spec.');
  }
  const key = await usable(call, named, { action: use, context });
  const plain = randomBuffer(NumberOfBytes ?? (KeySpec === 'AES_128' ? 16 : 32));
  return { plain, CiphertextBlob: base64(call.ring.encrypt(key, plain, context)), KeyId: key.arn };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64');
}
