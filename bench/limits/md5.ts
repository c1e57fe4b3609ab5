/** MD5 of one core: the ceiling of an upload in one stream, as every entity tag is one. */
import { createHash } from 'node:crypto';

const block = Buffer.alloc(1024 * 1024, 'md5');

/** MiB in a second. */
export function md5Speed(seconds: number): number {
  const hash = createHash('md5');
  const startMs = performance.now();
  let count = 0;
  while (performance.now() - startMs < seconds * 1000) {
    hash.update(block);
    count += 1;
  }
  hash.digest();
  return (count * 1000) / (performance.now() - startMs);
}
