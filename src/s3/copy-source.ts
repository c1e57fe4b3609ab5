/** The `x-amz-copy-source` header. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
import { S3Error } from './errors.ts';

export interface CopySource {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

const versionParameter = '?versionId=';

/**
 * Reads `[/]bucket/key[?versionId=id]`. Bucket and key are URL-encoded; the parameter is split off first, so a key that
 * ends like one must encode its question mark. Throws InvalidArgument.
 */
export function parseCopySource(header: string): CopySource {
  const at = header.lastIndexOf(versionParameter);
  const path = at < 0 ? header : header.slice(0, at);
  const versionId = at < 0 ? undefined : header.slice(at + versionParameter.length);
  const decoded = decodeCopySource(path, header).replace(/^\//, '');
  const slash = decoded.indexOf('/');
  const bucket = decoded.slice(0, Math.max(0, slash));
  const key = decoded.slice(slash + 1);
  if (bucket === '' || key === '') throw malformed(header);
  return { bucket, key, ...(versionId !== undefined && { versionId: decodeCopySource(versionId, header) }) };
}

/** Plus signs are spaces, as in a form: clients that mean a plus sign encode it. */
function decodeCopySource(text: string, header: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformed(header);
  }
}

function malformed(header: string): S3Error {
  return new S3Error('InvalidArgument', {
    message: 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    fields: { ArgumentName: 'x-amz-copy-source', ArgumentValue: header },
  });
}
