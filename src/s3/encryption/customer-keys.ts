/**
 * Keys that clients bring (SSE-C): three headers, all of them or none. AWS takes them over TLS alone; here they are taken over
 * plain HTTP too, for whoever works on one machine.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
 */
import { createHash } from 'node:crypto';
import type { CustomerKey } from '../../engine/types.ts';
import { S3Error } from '../errors.ts';

const keyBytes = 32;

/** Members of an input that bring the key of what is written or read. */
export const customerKeyInputs = ['SSECustomerAlgorithm', 'SSECustomerKey', 'SSECustomerKeyMD5'] as const;

/** Members that bring the key of a copy's source. */
export const sourceKeyInputs = [
  'CopySourceSSECustomerAlgorithm',
  'CopySourceSSECustomerKey',
  'CopySourceSSECustomerKeyMD5',
] as const;

type Given<M extends string> = { readonly [Member in M]?: string | undefined };
export type CustomerKeyInput = Given<(typeof customerKeyInputs)[number]>;
export type SourceKeyInput = Given<(typeof sourceKeyInputs)[number]>;

/** The key that a request brings; undefined if it brings none. Throws InvalidArgument, InvalidEncryptionAlgorithmError. */
export function readCustomerKey(input: CustomerKeyInput): CustomerKey | undefined {
  const { SSECustomerAlgorithm: algorithm, SSECustomerKey: key, SSECustomerKeyMD5: md5 } = input;
  if (algorithm === undefined && key === undefined && md5 === undefined) return undefined;
  return parseKey({ algorithm, key, md5 });
}

/** The same of the key for a copy's source. */
export function readSourceKey(input: SourceKeyInput): CustomerKey | undefined {
  return readCustomerKey({
    SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm,
    SSECustomerKey: input.CopySourceSSECustomerKey,
    SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5,
  });
}

function parseKey({ algorithm, key, md5 }: Given<'algorithm' | 'key' | 'md5'>): CustomerKey {
  const mustProvide = 'Requests specifying Server Side Encryption with Customer provided keys must provide';
  if (algorithm === undefined) throw invalid(`${mustProvide} a valid encryption algorithm.`);
  if (key === undefined) throw invalid(`${mustProvide} an appropriate secret key.`);
  if (algorithm !== 'AES256') throw invalidAlgorithm(algorithm);
  if (md5 === undefined) throw invalid(`${mustProvide} the client calculated MD5 of the secret key.`);
  const bytes = Buffer.from(key, 'base64');
  if (createHash('md5').update(bytes).digest('base64') !== md5) {
    throw invalid('The calculated MD5 hash of the key did not match the hash that was provided.');
  }
  if (bytes.length !== keyBytes) throw invalid('The secret key was invalid for the specified algorithm.');
  return { key: bytes, md5 };
}

/** Whatever header is at fault, AWS names the one that asks for encryption. */
function invalid(message: string): S3Error {
  return new S3Error('InvalidArgument', {
    message,
    fields: { ArgumentName: 'x-amz-server-side-encryption', ArgumentValue: 'null' },
  });
}

/** For an algorithm that is none of those that there are. */
export function invalidAlgorithm(algorithm: string): S3Error {
  return new S3Error('InvalidEncryptionAlgorithmError', {
    fields: { ArgumentName: 'x-amz-server-side-encryption', ArgumentValue: algorithm },
  });
}
