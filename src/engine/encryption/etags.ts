/** ETags of objects that are under a key of KMS or of their client: AWS says of them only that they are no MD5 of the bytes. */
import { randomHex } from '../../lib/ids.ts';

/** An ETag that says nothing of the bytes. */
export function opaqueEtag(): string {
  return randomHex(16);
}
