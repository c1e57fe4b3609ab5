import assert from 'node:assert';

/**
 * Copies bytes into a typed array, like `target.set(source, at)`. Into memory that threads share, and out of it, `set` copies
 * byte by byte where source and target are not aligned alike, as bytes from a socket never are: a third of the speed of this.
 */
export function copyBytes(source: Uint8Array, target: Uint8Array, at: number): void {
  assert(at + source.length <= target.length, 'the bytes fit');
  Buffer.from(source.buffer, source.byteOffset, source.length).copy(target, at);
}
