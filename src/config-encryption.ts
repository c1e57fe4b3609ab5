/** The settings of encryption: what is encrypted, and the keys of KMS that are there from the first start. */
import { z } from 'zod';
import { accountIdSchema } from './config-accounts.ts';
import { keyIdForm } from './kms/key-ring.ts';

const kmsKeySchema = z
  .strictObject({
    id: z.string().regex(keyIdForm, 'letters, digits, - and _, at most 64'),
    alias: z
      .string()
      .regex(/^(?!aws\/)[a-zA-Z0-9/_-]{1,250}$/, 'letters, digits, /, - and _, and not beginning with aws/')
      .optional(),
    account: accountIdSchema.optional(),
    file: z.string().min(1).optional(),
    environment: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, 'the name of an environment variable')
      .optional(),
  })
  .refine(({ file, environment }) => file === undefined || environment === undefined, 'give file or environment');

export const encryptionSchema = z.strictObject({
  default: z.enum(['AES256', 'none']).default('none'),
  kms: z
    .strictObject({ keys: z.array(kmsKeySchema).default([]) })
    .refine(
      ({ keys }) => new Set(keys.map(({ account, id }) => `${account} ${id}`)).size === keys.length,
      'two keys of an account have the same id',
    )
    .prefault({}),
});
