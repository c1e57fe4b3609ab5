/** Whether a request is signed as the newer operations ask for: not by the retired Version 2, and not by nobody. */
import type { OperationRequest } from './operation.ts';

export function isSignedByVersion4({ identity, header, query }: OperationRequest): boolean {
  const isVersion2 = header('authorization')?.startsWith('AWS ') === true || query('AWSAccessKeyId') !== undefined;
  return identity.kind !== 'anonymous' && !isVersion2;
}
