/** Objects with annotations, as tests of these make them on a server. */
import { createHash } from 'node:crypto';
import {
  DeleteObjectAnnotationCommand,
  GetObjectAnnotationCommand,
  ListObjectAnnotationsCommand,
  type ListObjectAnnotationsCommandInput,
  PutObjectAnnotationCommand,
  type PutObjectAnnotationCommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Daemon } from './daemon.ts';

const customerKey = Buffer.alloc(32, 5);
/** For objects under a key of their client. */
export const underCustomerKey = {
  SSECustomerAlgorithm: 'AES256',
  SSECustomerKey: customerKey.toString('base64'),
  SSECustomerKeyMD5: createHash('md5').update(customerKey).digest('base64'),
};

/** Calls on objects of a bucket, unless they name another; their annotation is called `note` unless they say otherwise. */
export function annotatedObjects(daemon: () => Daemon, bucket: () => string) {
  let keys = 0;
  /** A new object, with an annotation if one is given. */
  async function object(input: Partial<PutObjectCommandInput> = {}, annotation?: string) {
    const Key = input.Key ?? `object/${keys++}`;
    const named = { Bucket: input.Bucket ?? bucket(), Key };
    const put = await daemon().client.send(new PutObjectCommand({ Body: 'body', ...input, ...named }));
    if (annotation !== undefined) await annotate(Key, { ...named, AnnotationPayload: annotation });
    return { Key, VersionId: put.VersionId, ETag: put.ETag ?? '' };
  }

  const annotate = (Key: string, input: Partial<PutObjectAnnotationCommandInput> = {}, client = daemon().client) =>
    client.send(
      new PutObjectAnnotationCommand({
        Bucket: bucket(),
        Key,
        AnnotationName: 'note',
        AnnotationPayload: 'text',
        ...input,
      }),
    );

  async function read(Key: string, more: { Bucket?: string; VersionId?: string; AnnotationName?: string } = {}) {
    const input = { Bucket: bucket(), Key, AnnotationName: 'note', ...more };
    const { AnnotationPayload } = await daemon().client.send(new GetObjectAnnotationCommand(input));
    return AnnotationPayload?.transformToString();
  }

  const list = (
    Key: string,
    more: Partial<ListObjectAnnotationsCommandInput> = {},
    client: S3Client = daemon().client,
  ) => client.send(new ListObjectAnnotationsCommand({ Bucket: bucket(), Key, ...more }));
  const namesOf = async (Key: string, more = {}) =>
    (await list(Key, more)).Annotations?.map(({ AnnotationName }) => AnnotationName) ?? [];
  const remove = (Key: string, more = {}, client = daemon().client) =>
    client.send(new DeleteObjectAnnotationCommand({ Bucket: bucket(), Key, AnnotationName: 'note', ...more }));
  return { object, annotate, read, list, namesOf, remove };
}
