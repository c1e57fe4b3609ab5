/**
 * Whether a form is what the document in it allows. Names of fields do not differ by case, values do. Every field needs a
 * condition, and so does the bucket, which is one though no form has to send it.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
import { S3Error } from '../errors.ts';
import type { FieldCondition, UploadPolicy } from './policy-document.ts';
import type { FormFields } from './upload-form.ts';

/** How long the file may be, in bytes, both ends included. */
export interface SizeRange {
  readonly min: number;
  readonly max: number;
}

export interface Posted {
  readonly fields: FormFields;
  /** The bucket that the form was sent to, whatever a field of that name says. */
  readonly bucket: string;
  readonly nowMs: number;
}

/** Fields that make the signature, and cannot be in what it signs. */
const uncovered: ReadonlySet<string> = new Set(['policy', 'x-amz-signature', 'signature', 'awsaccesskeyid']);
const ignoredPrefix = 'x-ignore-';

/** Throws AccessDenied where the form is not what the policy allows; the size of the file is still to be checked. */
export function checkUploadPolicy(policy: UploadPolicy, { fields, bucket, nowMs }: Posted): SizeRange {
  if (nowMs > policy.expiresMs) throw denied('Policy expired.');
  const range = { min: 0, max: Number.POSITIVE_INFINITY };
  const covered = new Set<string>();
  for (const condition of policy.conditions) {
    if (condition.kind === 'content-length-range') {
      const { minBytes, maxBytes, text } = condition;
      if (Number.isNaN(minBytes + maxBytes)) throw failed(text);
      range.min = Math.max(range.min, minBytes);
      range.max = Math.min(range.max, maxBytes);
      continue;
    }
    const { field, text } = condition;
    const value = field === 'bucket' ? bucket : field && fields.get(field)?.value;
    if (field === undefined || value === undefined || !isMet(condition, value)) throw failed(text);
    covered.add(field);
  }
  if (!covered.has('bucket')) throw denied('Extra input fields: bucket');
  for (const [key, { name }] of fields) {
    if (covered.has(key) || uncovered.has(key) || key.startsWith(ignoredPrefix)) continue;
    throw denied(`Extra input fields: ${name}`);
  }
  return range;
}

function isMet({ kind, field, value: wanted }: FieldCondition, value: string): boolean {
  if (kind === 'eq') return value === wanted;
  if (field !== 'content-type') return value.startsWith(wanted);
  // Types are a list where there are commas between them, and each must begin so.
  return value.split(',').every((type) => type.trim().startsWith(wanted));
}

function failed(condition: string): S3Error {
  return denied(`Policy Condition failed: ${condition}`);
}

function denied(reason: string): S3Error {
  return new S3Error('AccessDenied', { message: `Invalid according to Policy: ${reason}` });
}
