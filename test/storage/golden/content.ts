/** The bytes of the golden blobs: they repeat, so that the files compress, but not with the period of a unit or a block. */
export function goldenBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = ((i % 997) * 31 + length) & 255;
  return bytes;
}
