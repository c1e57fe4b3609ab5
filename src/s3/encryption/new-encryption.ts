/** How the bytes of a new object are to be encrypted: as its request says. */
import type { NewEncryption } from '../../engine/types.ts';
import { S3Error } from '../errors.ts';
import type { OperationRequest } from '../operation.ts';
import { type CustomerKeyInput, customerKeyInputs, invalidAlgorithm, readCustomerKey } from './customer-keys.ts';

/** Members of an input that say how what is written is to be encrypted. */
export const encryptionInputs = ['ServerSideEncryption', ...customerKeyInputs] as const;

export type EncryptionInput = CustomerKeyInput & { readonly ServerSideEncryption?: string | undefined };

/** Undefined where nothing is encrypted. Throws InvalidArgument, InvalidEncryptionAlgorithmError. */
export async function encryptionFor(
  request: OperationRequest,
  input: EncryptionInput,
): Promise<NewEncryption | undefined> {
  const { ServerSideEncryption: algorithm } = input;
  const brings = customerKeyInputs.some((member) => input[member] !== undefined);
  if (brings && algorithm !== undefined) {
    throw new S3Error('InvalidArgument', {
      message: 'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
      fields: { ArgumentName: 'x-amz-server-side-encryption', ArgumentValue: algorithm },
    });
  }
  const key = readCustomerKey(input);
  if (key !== undefined) return { kind: 'SSE-C', key };
  if (algorithm === undefined) return request.encryptsByDefault ? { kind: 'SSE-S3' } : undefined;
  if (algorithm !== 'AES256') throw invalidAlgorithm(algorithm);
  return { kind: 'SSE-S3' };
}
