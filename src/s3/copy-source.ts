/** The `x-amz-copy-source` header. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
import { S3Error } from './errors.ts';
import { decodeForm } from './form-encoding.ts';

export interface CopySource {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

const versionParameter = '?versionId=';

/**
 * Reads `[/]bucket/key[?versionId=id]`. Bucket and key are encoded as in a form, so clients that mean a plus sign encode it;
 * the parameter is split off first, so a key that ends like one must encode its question mark. Throws InvalidArgument.
 */
export function parseCopySource(header: string): CopySource {
  const at = header.lastIndexOf(versionParameter);
  const path = at < 0 ? header : header.slice(0, at);
  const versionId = at < 0 ? undefined : header.slice(at + versionParameter.length);
  const decoded = decodeForm(path)?.replace(/^\//, '') ?? '';
  const slash = decoded.indexOf('/');
  const bucket = decoded.slice(0, Math.max(0, slash));
  const key = decoded.slice(slash + 1);
  if (bucket === '' || key === '') {
    throw new S3Error('InvalidArgument', {
      message: 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      fields: { ArgumentName: 'x-amz-copy-source', ArgumentValue: header },
    });
  }
  return { bucket, key, ...(versionId !== undefined && { versionId: decodeForm(versionId) ?? versionId }) };
}
