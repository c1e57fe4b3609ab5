/**
 * What access logs call operations: `REST.`, the method, and what it is about, by the parameter of the query that says so.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html#log-record-fields
 */
import { operationTable } from '../model/table.generated.ts';
import type { OperationName } from '../model/types.ts';

/** What S3 spells in its own way, or where no parameter says it. */
const ownNames: Partial<Record<OperationName | 'PostObject', string>> = {
  AbortMultipartUpload: 'DELETE.UPLOAD',
  CompleteMultipartUpload: 'POST.UPLOAD',
  CopyObject: 'COPY.OBJECT',
  GetObjectAttributes: 'GET.OBJECT_ATTRIBUTES',
  GetObjectTorrent: 'GET.OBJECT_TORRENT',
  ListObjectsV2: 'GET.BUCKET',
  ListParts: 'GET.UPLOAD',
  PostObject: 'POST.BUCKET',
  SelectObjectContent: 'SELECT.OBJECT',
  UploadPart: 'PUT.PART',
  UploadPartCopy: 'COPY.PART',
};

const ownResources: Readonly<Record<string, string>> = {
  delete: 'MULTI_OBJECT_DELETE',
  'legal-hold': 'OBJECT_LOCK_LEGALHOLD',
  logging: 'LOGGING_STATUS',
  'object-lock': 'OBJECT_LOCK_CONFIGURATION',
  policy: 'BUCKETPOLICY',
  retention: 'OBJECT_LOCK_RETENTION',
  versions: 'BUCKETVERSIONS',
};

/** Unknown where the request asks for nothing that there is. */
export function loggedOperation(
  name: OperationName | 'PostObject' | undefined,
  { method, isOnObject }: { method: string; isOnObject: boolean },
): string {
  const own = name && ownNames[name];
  if (own !== undefined) return `REST.${own}`;
  const subject = isOnObject ? 'OBJECT' : 'BUCKET';
  if (method === 'OPTIONS') return 'REST.OPTIONS.PREFLIGHT';
  const [parameter] = name === undefined || name === 'PostObject' ? [] : Object.keys(operationTable[name].literals);
  return `REST.${method}.${parameter === undefined ? subject : resourceOf(parameter, isOnObject)}`;
}

function resourceOf(parameter: string, isOnObject: boolean): string {
  if (parameter === 'tagging' && isOnObject) return 'OBJECT_TAGGING';
  const words = parameter.replaceAll('-', '_').replaceAll(/[A-Z]/g, (letter) => `_${letter}`);
  return ownResources[parameter] ?? words.toUpperCase();
}
