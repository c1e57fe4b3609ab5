/** What `inspect` finds out of a file, in parts, for people and for programs: the shape, and what all formats share. */

export interface Damage {
  /** Offset in the file of the first byte that is known to be wrong, or of what it belongs to. */
  readonly offset: number;
  /** The field, as the page of the format names it. */
  readonly field: string;
  /** What is wrong with it. */
  readonly what: string;
}

/** A piece of a file with a meaning of its own: a stripe, a record, a document. */
export interface InspectedPart {
  /** What it is, in plain words. */
  readonly text: string;
  /** The same for programs. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly damage?: readonly Damage[];
}

/** A field of a header: where it lies in it, and its name. */
export interface Field {
  readonly start: number;
  readonly length: number;
  readonly name: string;
}

export function fieldAt(fields: readonly Field[], byte: number): string {
  return fields.find(({ start, length }) => byte >= start && byte < start + length)?.name ?? 'unused bytes';
}

/** Where a field begins in its header. */
export function startOf(fields: readonly Field[], name: string): number {
  return fields.find((field) => field.name === name)?.start ?? 0;
}

/** The damage of a header at an offset in whose byte one bit is flipped. */
export function flippedBitIn(fields: readonly Field[], { offset, byte }: { offset: number; byte: number }): Damage {
  return { offset: offset + byte, field: fieldAt(fields, byte), what: 'one bit of it is flipped' };
}

/** What a header says that is whole, or would be but for one bit; and in which byte that is. */
export interface ReadHeader<T> {
  readonly header: T;
  readonly flippedByte: number | undefined;
}

/**
 * A checksum says that something is wrong in a header, not what. If it is one bit, this finds which, and what the header says
 * with it put right. Undefined if more is wrong. `decode` gives undefined for what is not whole.
 */
export function readHeaderOrMend<T>(
  bytes: Buffer,
  decode: (candidate: Buffer) => T | undefined,
): ReadHeader<T> | undefined {
  const whole = decode(bytes);
  if (whole !== undefined) return { header: whole, flippedByte: undefined };
  const candidate = Buffer.from(bytes);
  for (let bit = 0; bit < candidate.length * 8; bit++) {
    const byte = bit >> 3;
    const mask = 1 << (bit & 7);
    candidate.writeUInt8(candidate.readUInt8(byte) ^ mask, byte);
    const header = decode(candidate);
    if (header !== undefined) return { header, flippedByte: byte };
    candidate.writeUInt8(candidate.readUInt8(byte) ^ mask, byte);
  }
  return undefined;
}

/** What a member of a document must be, in words, and whether a value is that. */
export interface Member {
  readonly name: string;
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

export const members = {
  integer: (name: string): Member => ({
    name,
    expected: 'a whole number',
    accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  }),
  exactly: (name: string, expected: number): Member => ({
    name,
    expected: String(expected),
    accepts: (value) => value === expected,
  }),
  hex: (name: string, digits: number): Member => ({
    name,
    expected: `${digits} lower-case hex digits`,
    accepts: (value) => typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value),
  }),
  text: (name: string): Member => ({
    name,
    expected: 'a text',
    accepts: (value) => typeof value === 'string' && value !== '',
  }),
};

export interface InspectedDocument {
  /** Members by name; empty if the text is no JSON object. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly damage: readonly Damage[];
}

/** Reads a JSON document that has these members, and names those that are not what they must be. */
export function inspectDocument(text: string, expected: readonly Member[]): InspectedDocument {
  let value: Readonly<Record<string, unknown>>;
  try {
    value = { ...JSON.parse(text) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const offset = Number(/position (\d+)/.exec(error.message)?.[1] ?? text.length);
    return { value: {}, damage: [{ offset, field: 'the document', what: `it is no JSON: ${error.message}` }] };
  }
  const wrong = expected.filter(({ name, accepts }) => !accepts(value[name]));
  const damage = wrong.map(({ name, expected: what }) => ({
    offset: Math.max(0, text.indexOf(`"${name}"`)),
    field: name,
    what: value[name] === undefined ? `it is missing; it must be ${what}` : `it must be ${what}`,
  }));
  return { value, damage };
}
