/** What configurations of lifecycle rules are refused with, beside MalformedXML. */
import { S3Error } from '../errors.ts';

/** `argument` has one entry, the name and the value that are wrong. */
export function invalidArgument(message: string, argument: Readonly<Record<string, string>> = {}): S3Error {
  const [wrong] = Object.entries(argument);
  return new S3Error('InvalidArgument', {
    message,
    ...(wrong !== undefined && { fields: { ArgumentName: wrong[0], ArgumentValue: wrong[1] } }),
  });
}

export function invalidRequest(message: string): S3Error {
  return new S3Error('InvalidRequest', { message });
}
