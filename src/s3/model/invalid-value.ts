/**
 * What AWS answers to a header or query parameter with a value it cannot take, by wire name. Names that are not listed get
 * a plain InvalidArgument. Messages as AWS sends them.
 */
import { S3Error, type S3ErrorCode } from '../errors.ts';

interface Complaint {
  readonly code?: S3ErrorCode;
  readonly message: string;
}

const complaints: Readonly<Record<string, Complaint>> = {
  'encoding-type': { message: 'Invalid Encoding Method specified in Request' },
  'x-amz-metadata-directive': { message: 'Unknown metadata directive.' },
  'x-amz-tagging-directive': { message: 'Unknown tagging directive.' },
  'x-amz-object-lock-mode': { message: 'Unknown wormMode directive.' },
  'x-amz-object-lock-legal-hold': { message: "Legal Hold must be either of 'ON' or 'OFF'" },
  'x-amz-object-lock-retain-until-date': { message: 'The retain until date must be provided in ISO 8601 format' },
  'x-amz-object-attributes': { message: 'Invalid attribute name specified.' },
  'x-amz-optional-object-attributes': { message: 'Invalid attribute name specified.' },
  'x-amz-server-side-encryption': { message: 'The encryption method specified is not supported' },
  'x-amz-checksum-type': { code: 'InvalidRequest', message: 'Value for x-amz-checksum-type header is invalid.' },
  'x-amz-sdk-checksum-algorithm': {
    code: 'InvalidRequest',
    message: 'Value for x-amz-sdk-checksum-algorithm header is invalid.',
  },
  'x-amz-checksum-algorithm': {
    code: 'InvalidRequest',
    message: 'Checksum algorithm provided is unsupported.',
  },
};

/** The error for a value that is none of the header's or parameter's. */
export function invalidValue(name: string, value: string): S3Error {
  if (name === 'x-amz-storage-class') {
    return new S3Error('InvalidStorageClass', { fields: { StorageClassRequested: value } });
  }
  if (name === 'x-amz-transition-default-minimum-object-size') {
    return new S3Error('InvalidRequest', { message: `Invalid TransitionDefaultMinimumObjectSize found: ${value}` });
  }
  const complaint = complaints[name];
  const fields = { ArgumentName: name, ArgumentValue: value };
  return new S3Error(
    complaint?.code ?? 'InvalidArgument',
    complaint === undefined ? { fields } : { ...complaint, fields },
  );
}

interface IntegerRange {
  readonly min: number;
  readonly max: number;
  /** As messages name the argument. */
  readonly argument: string;
  /** Instead of the usual messages. */
  readonly message?: string;
}

const int32Max = 2_147_483_647;
const integerRanges: Readonly<Record<string, IntegerRange>> = {
  'max-keys': { min: 0, max: int32Max, argument: 'maxKeys' },
  'max-uploads': { min: 0, max: int32Max, argument: 'max-uploads' },
  'max-parts': { min: 0, max: int32Max, argument: 'max-parts' },
  'part-number-marker': { min: 0, max: int32Max, argument: 'part-number-marker' },
  'max-buckets': { min: 1, max: 10_000, argument: 'max-buckets' },
  partNumber: {
    min: 1,
    max: 10_000,
    argument: 'partNumber',
    message: 'Part number must be an integer between 1 and 10000, inclusive',
  },
};
/** Every other integer in a header or query is a count, a size or an offset. */
const anyCount = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** Checks an integer of a header or query; `value` is undefined where the text is no integer. */
export function checkInteger(name: string, { text, value }: { text: string; value: number | undefined }): number {
  const range: IntegerRange = integerRanges[name] ?? { ...anyCount, argument: name };
  const inInt32 = value !== undefined && value <= range.max;
  if (inInt32 && value >= range.min) return value;
  const outside = `Argument ${range.argument} must be an integer between ${range.min} and ${range.max}`;
  const noInteger = `Provided ${name} not an integer or within integer range`;
  throw new S3Error('InvalidArgument', {
    message: range.message ?? (inInt32 || range.max < int32Max ? outside : noInteger),
    fields: { ArgumentName: inInt32 ? range.argument : name, ArgumentValue: text },
  });
}
