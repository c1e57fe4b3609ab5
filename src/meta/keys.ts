/** Keys as the index orders them: bytes of UTF-8, compared as unsigned bytes. */

/** Above every key: no UTF-8 text has this byte. */
export const KEYS_END = Buffer.from([0xff]);

export function encodeKey(key: string): Buffer {
  return Buffer.from(key, 'utf8');
}

export function decodeKey(bytes: Buffer): string {
  return bytes.toString('utf8');
}

/** The first key above all that begin with `prefix`. */
export function endOfPrefix(prefix: Buffer): Buffer {
  const last = prefix.at(-1);
  if (last === undefined) return KEYS_END;
  const end = Buffer.from(prefix);
  // The last byte of UTF-8 text is at most 0xBF, so this neither overflows nor needs a carry.
  end[end.length - 1] = last + 1;
  return end;
}

/** The first key above `key`. */
export function endOfKey(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.from([0])]);
}
