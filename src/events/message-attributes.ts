/**
 * Attributes that whoever sends a message gives it, as SNS and SQS have them.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
import { createHash } from 'node:crypto';
import type { MessageAttributes } from '../engine/types.ts';

/** As a client sends one; bytes are base64 where they are text. */
export interface GivenAttribute {
  readonly DataType?: string | undefined;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: string | Uint8Array | undefined;
}

/** Throws what `refuse` makes of the reason. */
export function readAttributes(
  given: Readonly<Record<string, GivenAttribute>>,
  refuse: (why: string) => Error,
): MessageAttributes {
  return Object.fromEntries(
    Object.entries(given).map(([name, { DataType: type = '', StringValue, BinaryValue }]) => {
      const of = `The message attribute '${name}'`;
      if (!isName(name)) {
        throw refuse(
          `${of} has a name that no attribute can have: letters, digits, _, - and single dots within it, ` +
            'at most 256, and not AWS. or Amazon. at its beginning.',
        );
      }
      if (type === '') throw refuse(`${of} must contain non-empty message attribute type.`);
      const [kind] = type.split('.');
      if (kind !== 'String' && kind !== 'Number' && kind !== 'Binary') {
        throw refuse(
          `${of} has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
        );
      }
      const value = kind === 'Binary' ? base64Of(BinaryValue) : StringValue;
      if (value === undefined || value === '') {
        throw refuse(`${of} must contain non-empty message attribute value for message attribute type '${type}'.`);
      }
      if (kind === 'Number' && !isNumber(value))
        throw refuse(`Could not cast message attribute '${name}' value to number.`);
      return [name, { type, value }];
    }),
  );
}

function isName(name: string): boolean {
  return /^[\w-]+(\.[\w-]+)*$/.test(name) && name.length <= 256 && !/^(aws|amazon)\./i.test(name);
}

function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function base64Of(value: string | Uint8Array | undefined): string | undefined {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

export function isBinary({ type }: { readonly type: string }): boolean {
  return type === 'Binary' || type.startsWith('Binary.');
}

/** As SQS has them in its requests and answers. */
export function sqsAttributes(attributes: MessageAttributes): object {
  const named = Object.entries(attributes).map(([name, attribute]) => {
    const { type: DataType, value } = attribute;
    return [name, isBinary(attribute) ? { BinaryValue: value, DataType } : { StringValue: value, DataType }];
  });
  return Object.fromEntries(named);
}

/** What clients compare with what they have sent. */
export function md5OfAttributes(attributes: MessageAttributes): string {
  const hash = createHash('md5');
  const add = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const [name, attribute] of Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const { type, value } = attribute;
    add(Buffer.from(name));
    add(Buffer.from(type));
    hash.update(Buffer.of(isBinary(attribute) ? 2 : 1));
    add(Buffer.from(value, isBinary(attribute) ? 'base64' : 'utf8'));
  }
  return hash.digest('hex');
}

/** Bytes of a message's text and attributes, which its limit is for. */
export function sizeOf(text: string, attributes: MessageAttributes): number {
  const sizes = Object.entries(attributes).map(([name, attribute]) => {
    const { type, value } = attribute;
    return Buffer.byteLength(name + type) + Buffer.byteLength(value, isBinary(attribute) ? 'base64' : 'utf8');
  });
  return sizes.reduce((sum, size) => sum + size, Buffer.byteLength(text));
}
