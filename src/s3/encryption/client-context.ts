/** The encryption context that clients give: base64 of a JSON object of texts. */
import { reservedPrefix } from '../../engine/encryption/contexts.ts';
import { S3Error } from '../errors.ts';

const header = 'x-amz-server-side-encryption-context';

/** Throws InvalidArgument. */
export function clientContext(given: string | undefined): Readonly<Record<string, string>> {
  if (given === undefined) return {};
  const context = parse(given);
  const pairs = context === undefined ? [] : Object.entries(context);
  const isMap = pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string');
  if (context === undefined || !isMap) {
    const shape = 'Base64-encoded UTF-8 string holding JSON which represents a string-string map';
    throw refused(`The header '${header}' shall be ${shape}`, { given });
  }
  const reserved = pairs.find(([name]) => name.toLowerCase().startsWith(reservedPrefix));
  if (reserved === undefined) return Object.fromEntries(pairs);
  const why = 'names that begin with aws: are not for clients';
  throw refused(`The encryption context key '${reserved[0]}' is reserved: ${why}`, { given });
}

function parse(given: string): object | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(given)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(given, 'base64').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function refused(message: string, { given }: { given: string }): S3Error {
  return new S3Error('InvalidArgument', { message, fields: { ArgumentName: header, ArgumentValue: given } });
}
