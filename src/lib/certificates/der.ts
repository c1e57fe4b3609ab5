/** The few forms of DER (ITU-T X.690) that a certificate is made of. Values go in, bytes come out. */

/** Tags of the classes and forms that are used. */
const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = minimalBytes(length);
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

function minimalBytes(value: number): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

export const sequence = (...content: readonly Uint8Array[]): Buffer => element(tags.sequence, ...content);
export const set = (...content: readonly Uint8Array[]): Buffer => element(tags.set, ...content);
export const boolean = (value: boolean): Buffer => element(tags.boolean, Buffer.from([value ? 0xff : 0]));
export const octetString = (bytes: Uint8Array): Buffer => element(tags.octetString, bytes);
export const utf8String = (text: string): Buffer => element(tags.utf8String, Buffer.from(text));

/** Of whole bytes: the first one says that no bits are left out. */
export const bitString = (bytes: Uint8Array): Buffer => element(tags.bitString, Buffer.from([0]), bytes);

/** A number that is not negative, given as its bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes[0] ?? 0;
  return element(tags.integer, ...(first >= 0x80 ? [Buffer.from([0])] : []), bytes);
}

export const nothing = element(tags.null);

/** Written as dotted numbers. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(tags.objectId, ...[first * 40 + second, ...rest].map(base128));
}

function base128(value: number): Buffer {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift(0x80 | (left & 0x7f));
  return Buffer.from(bytes);
}

/** To the second; certificates write years from 2050 on in four digits. */
export function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return text < '2050'
    ? element(tags.utcTime, Buffer.from(text.slice(2)))
    : element(tags.generalizedTime, Buffer.from(text));
}

/** A value of a context's own tag: one that holds others, or `isPlain` one that replaces the tag of its content. */
export function tagged(number: number, content: Uint8Array, isPlain = false): Buffer {
  return element((isPlain ? 0x80 : 0xa0) | number, content);
}
