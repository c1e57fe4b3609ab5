/** What the data keys of objects are bound to: an ARN, and what the client has given beside it. */
type EncryptionContext = Readonly<Record<string, string>>;

/** Names of AWS's own. */
export const reservedPrefix = 'aws:';

/** The context of an object under a key of KMS; that of one that shares its bucket's key says the bucket alone. */
export function contextOfObject(
  { bucket, key }: { readonly bucket: string; readonly key: string },
  { given, sharesKey }: { readonly given: EncryptionContext; readonly sharesKey: boolean },
): EncryptionContext {
  return { ...given, 'aws:s3:arn': `arn:aws:s3:::${bucket}${sharesKey ? '' : `/${key}`}` };
}

/** What of a context the client has given. */
export function givenContext(context: EncryptionContext): EncryptionContext {
  return Object.fromEntries(Object.entries(context).filter(([name]) => !name.startsWith(reservedPrefix)));
}

/** The same as the header has it that clients give it in; undefined where they gave none. */
export function shownContext(context: EncryptionContext): string | undefined {
  const given = givenContext(context);
  return Object.keys(given).length === 0 ? undefined : Buffer.from(JSON.stringify(given)).toString('base64');
}
