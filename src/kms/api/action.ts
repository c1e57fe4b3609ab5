/** One action of the KMS API, from the input of a request to what is answered, by the names of AWS's model. */
import { z } from 'zod';
import type { Iam } from '../../iam/iam.ts';
import type { PolicyDocument } from '../../iam/policy/document.ts';
import type { EncryptionContext } from '../ciphertext.ts';
import { KmsError } from '../errors.ts';
import { type KeyCaller, type KeyUse, requireKeyUse } from '../key-access.ts';
import { aliasForm, type KeyRing, type KmsKey } from '../key-ring.ts';

/** What the actions work on, and who asks. */
export interface KmsCall {
  readonly ring: KeyRing;
  readonly iam: Pick<Iam, 'callers' | 'refusals'>;
  readonly caller: KeyCaller;
  readonly nowMs: number;
  /** A principal that a policy names and that is not there. */
  missingPrincipal(policy: PolicyDocument): string | undefined;
}

/** Throws KmsError, also where the input is not as the action takes it. */
export type KmsAction = (call: KmsCall, input: unknown) => Promise<object>;

export function action<S extends z.ZodType>(
  schema: S,
  run: (call: KmsCall, input: z.infer<S>) => Promise<object>,
): KmsAction {
  return async (call, input) => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return run(call, parsed.data);
    const { path = [], message = '' } = parsed.error.issues[0] ?? {};
    const at = path.length === 0 ? 'the request' : `'${path.join('.')}'`;
    throw new KmsError(
      'ValidationException',
      `1 validation error detected: ${at} failed to satisfy constraint: ${message}`,
    );
  };
}

/** Bytes, as JSON carries them. */
export function bytesSchema({ min, max }: { readonly min: number; readonly max: number }) {
  return z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine(({ length }) => length >= min && length <= max, `${min} to ${max} bytes`);
}

export const keyId = z.string().min(1).max(2048);
export const aliasName = z.string().regex(aliasForm, 'alias/ and up to 250 letters, digits, /, _ and -');
export const contextSchema = z.record(z.string(), z.string()).default({});
export const page = { Limit: z.int().min(1).max(1000).default(100), Marker: z.string().min(1).optional() };

/** A key that may be named in any way, once the caller may do what the action does with it. */
export async function keyNamed(
  { ring, iam, caller }: KmsCall,
  named: string,
  use: { readonly action: string; readonly context?: EncryptionContext },
): Promise<KmsKey> {
  const key = await ring.resolve({ named, accountId: caller.identity.accountId });
  const [, alias] = /(?:^|:)(alias\/.+)$/s.exec(named) ?? [];
  requireKeyUse(iam, caller, key, { ...use, alias });
  return key;
}

/** A key that only id and ARN name, as where it is changed. */
export function keyById({ ring, iam, caller }: KmsCall, named: string, use: Pick<KeyUse, 'action'>): KmsKey {
  if (/(?:^|:)alias\//.test(named)) throw new KmsError('NotFoundException', `Invalid keyId '${named}'`);
  const key = ring.find({ named, accountId: caller.identity.accountId });
  requireKeyUse(iam, caller, key, use);
  return key;
}

/** Times are seconds since 1970 in JSON. */
export function seconds(ms: number): number {
  return ms / 1000;
}

/** A page of what is in order of what `nameOf` gives, as AWS answers it. */
export function pageOf<T>(
  all: readonly T[],
  { Limit, Marker }: { readonly Limit: number; readonly Marker?: string | undefined },
  nameOf: (one: T) => string,
): { readonly items: readonly T[]; readonly rest: { readonly Truncated: boolean; readonly NextMarker?: string } } {
  const after = Marker === undefined ? '' : Buffer.from(Marker, 'base64url').toString();
  const left = all.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).filter((one) => nameOf(one) > after);
  const items = left.slice(0, Limit);
  const last = items.at(-1);
  if (last === undefined || left.length === items.length) return { items, rest: { Truncated: false } };
  return { items, rest: { Truncated: true, NextMarker: Buffer.from(nameOf(last)).toString('base64url') } };
}
