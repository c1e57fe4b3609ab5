/** Where an object is reached, as answers tell it. */

/**
 * URL of an object below the origin that the client used: in path style, or where the host already names the bucket in
 * virtual-host style.
 */
export function objectUrl(origin: string, object: { bucketName: string; key: string }): string {
  const { bucketName, key } = object;
  const path = key.split('/').map(encodeURIComponent).join('/');
  return origin.includes(`://${bucketName}.`) ? `${origin}/${path}` : `${origin}/${bucketName}/${path}`;
}
