/** Forms that are too large, cut short, malformed or contradict themselves: what is answered, and that nothing is stored. */
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  boundary,
  contentType,
  type Field,
  type FormAnswer,
  formBody,
  postForm,
  signedByV2,
  signedByV4,
} from '../support/browser-forms.ts';
import { rootKey } from '../support/daemon.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { sendRaw } from '../support/raw-http.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const mebibyte = 1024 * 1024;
let Bucket: string;
let keys = 0;

beforeAll(async () => {
  Bucket = await daemon().newBucket();
});

const newKey = (): string => `key-${keys++}`;
const url = (query = ''): string => `${daemon().endpoint}/${Bucket}${query}`;
const head = (Key: string) => daemon().client.send(new HeadObjectCommand({ Bucket, Key }));
const isAbsent = async (Key: string) => (await head(Key).catch((error: Error) => error.name)) === 'NotFound';

interface Form {
  readonly fields?: Readonly<Record<string, string>>;
  readonly conditions?: readonly unknown[];
  readonly sign?: typeof signedByV4;
}

/** Signed fields, each of which has a condition. */
function signed({ fields = {}, conditions = [], sign = signedByV4 }: Form): Field[] {
  const covering = Object.entries(fields).map(([name, value]) => ({ [name]: value }));
  const signature = sign({ bucket: Bucket, key: rootKey, conditions: [...covering, ...conditions] });
  return Object.entries({ ...fields, ...signature });
}

const post = (fields: readonly Field[], headers?: Record<string, string>, query?: string): Promise<FormAnswer> =>
  postForm(url(query), formBody(fields), headers);
const file = (content: string | Uint8Array = 'content'): Field => ['file', content, 'f.txt'];

describe('sizes', () => {
  const range = (min: number, max: number) => [['content-length-range', min, max]];
  const postBytes = (key: string, bytes: number, [min, max]: readonly [number, number]) =>
    post([...signed({ fields: { key }, conditions: range(min, max) }), file(seededBytes('form', bytes))]);

  test.each([
    [5, 204],
    [10, 204],
  ])('%i bytes where 5 to 10 may be → %i', async (bytes, status) => {
    expect(await postBytes(newKey(), bytes, [5, 10])).toMatchObject({ status });
  });

  test.each([
    [4, 'EntityTooSmall', '<ProposedSize>4</ProposedSize><MinSizeAllowed>5</MinSizeAllowed>'],
    [0, 'EntityTooSmall', '<ProposedSize>0</ProposedSize><MinSizeAllowed>5</MinSizeAllowed>'],
    [11, 'EntityTooLarge', '<ProposedSize>11</ProposedSize><MaxSizeAllowed>10</MaxSizeAllowed>'],
  ])('%i bytes where 5 to 10 may be → %s, and nothing is stored', async (bytes, code, fields) => {
    const key = newKey();
    const answer = await postBytes(key, bytes, [5, 10]);
    expect(answer).toMatchObject({ status: 400, code });
    expect(answer.body).toContain(fields);
    expect(await isAbsent(key)).toBe(true);
  });

  test('megabytes too large or too small → refused, and what was there stays', async () => {
    const key = newKey();
    expect(await postBytes(key, 3 * mebibyte, [0, 3 * mebibyte])).toMatchObject({ status: 204 });
    const { ETag } = await head(key);
    expect(await postBytes(key, 3 * mebibyte + 1, [0, 3 * mebibyte])).toMatchObject({ code: 'EntityTooLarge' });
    expect(await postBytes(key, 2 * mebibyte, [3 * mebibyte, 9 * mebibyte])).toMatchObject({ code: 'EntityTooSmall' });
    expect(await head(key)).toMatchObject({ ETag, ContentLength: 3 * mebibyte });
    const { Body } = await daemon().client.send(new GetObjectCommand({ Bucket, Key: key }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(seededBytes('form', 3 * mebibyte))).toBe(
      true,
    );
  });

  test('20,480 bytes before the file → stored; one more → MaxPostPreDataLengthExceeded', async () => {
    const key = newKey();
    const fields = signed({ fields: { key } });
    const padded = (length: number): Field[] => [...fields, ['x-ignore-a', 'x'.repeat(length)]];
    const room = 20_480 - formBody([...padded(0), file('')]).indexOf(`\r\n--${boundary}--`);
    expect(await post([...padded(room), file()])).toMatchObject({ status: 204 });
    const answer = await post([...padded(room + 1), file()]);
    expect(answer).toMatchObject({ status: 400, code: 'MaxPostPreDataLengthExceeded' });
    expect(answer.body).toContain('<MaxPostPreDataLengthBytes>20480</MaxPostPreDataLengthBytes>');
  });

  test('a hundred thousand empty fields, or megabytes of one → MaxPostPreDataLengthExceeded', async () => {
    const many = Array.from({ length: 100_000 }, (_, i): Field => [`x-ignore-${i}`, '']);
    for (const fields of [many, [['x-ignore-a', seededBytes('field', 3 * mebibyte)] as const]]) {
      expect(await post([...fields, file()])).toMatchObject({ code: 'MaxPostPreDataLengthExceeded' });
    }
  });
});

describe('fields', () => {
  test('no key, or one behind the file → InvalidArgument', async () => {
    const advice = 'If it is specified, please check the order of the fields.';
    for (const fields of [[file()], [file(), ['key', 'k'] as const]]) {
      expect(await post([...signed({}), ...fields])).toMatchObject({
        status: 400,
        code: 'InvalidArgument',
        message: `Bucket POST must contain a field named 'key'.  ${advice}`,
      });
    }
  });

  test('an empty key → InvalidArgument; one of 1,025 bytes → KeyTooLongError', async () => {
    expect(await post([...signed({ fields: { key: '' } }), file()])).toMatchObject({
      code: 'InvalidArgument',
      message: 'User key must have a length greater than 0.',
    });
    const long = await post([...signed({ fields: { key: 'k'.repeat(1025) } }), file()]);
    expect(long).toMatchObject({ status: 400, code: 'KeyTooLongError' });
  });

  test('no file → InvalidArgument; two → IncorrectNumberOfFilesInPostRequest, and none is stored', async () => {
    const key = newKey();
    const fields = signed({ fields: { key } });
    const message = 'POST requires exactly one file upload per request.';
    expect(await post(fields)).toMatchObject({ status: 400, code: 'InvalidArgument', message });
    expect(await post([...fields, file(), file('other')])).toMatchObject({
      status: 400,
      code: 'IncorrectNumberOfFilesInPostRequest',
      message,
    });
    expect(await isAbsent(key)).toBe(true);
  });

  test('fields behind the file → ignored, also without a condition', async () => {
    const key = newKey();
    const answer = await post([...signed({ fields: { key } }), file(), ['submit', 'Upload'], ['acl', 'public-read']]);
    expect(answer).toMatchObject({ status: 204 });
    expect((await head(key)).ContentLength).toBe('content'.length);
  });

  test('two fields of one name → their values with a comma between', async () => {
    const key = newKey();
    const metadata: Field[] = [
      ['x-amz-meta-tag', 'Ninja'],
      ['X-Amz-Meta-Tag', 'Stallman'],
    ];
    const conditions = [{ 'x-amz-meta-tag': 'Ninja,Stallman' }];
    expect(await post([...signed({ fields: { key }, conditions }), ...metadata, file()])).toMatchObject({
      status: 204,
    });
    expect((await head(key)).Metadata).toEqual({ tag: 'Ninja,Stallman' });
  });

  test('a field that the policy does not name → AccessDenied', async () => {
    const answer = await post([...signed({ fields: { key: newKey() } }), ['acl', 'private'], file()]);
    expect(answer).toMatchObject({
      status: 403,
      code: 'AccessDenied',
      message: 'Invalid according to Policy: Extra input fields: acl',
    });
  });

  test.each<[string, Record<string, string>, number, string]>([
    ['encryption that there is not', { 'x-amz-server-side-encryption': 'AES1' }, 400, 'InvalidArgument'],
    ['a key of KMS without its method', { 'x-amz-server-side-encryption-aws-kms-key-id': 'k' }, 400, 'InvalidArgument'],
    ['no key of one’s own', { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }, 400, 'InvalidArgument'],
    ['a lock', { 'x-amz-object-lock-legal-hold': 'ON' }, 400, 'InvalidRequest'],
    ['no class', { 'x-amz-storage-class': 'FakeClass' }, 400, 'InvalidStorageClass'],
    ['an ACL where there are none', { acl: 'public-read' }, 400, 'AccessControlListNotSupported'],
    ['no ACL', { acl: 'everybody' }, 400, 'InvalidArgument'],
    ['a redirect of a website', { 'x-amz-website-redirect-location': 'x' }, 400, 'InvalidRedirectLocation'],
    ['much metadata', { 'x-amz-meta-a': 'x'.repeat(2048) }, 400, 'MetadataTooLarge'],
    ['metadata that no header can name', { 'x-amz-meta-a b': 'x' }, 400, 'InvalidArgument'],
    ['the same twice', { acl: 'private', 'x-amz-acl': 'private' }, 400, 'InvalidArgument'],
    ['another bucket', { bucket: 'other' }, 403, 'AccessDenied'],
  ])('%s → %s %i %s', async (_, more, status, code) => {
    const key = newKey();
    expect(await post([...signed({ fields: { key, ...more } }), file()])).toMatchObject({ status, code });
    expect(await isAbsent(key)).toBe(true);
  });

  test('a bucket that a field names too → counts where it is the one of the request', async () => {
    expect(await post([...signed({ fields: { key: newKey(), bucket: Bucket } }), file()])).toMatchObject({
      status: 204,
    });
    const unsigned: Field[] = [['key', 'k'], ['bucket', 'other'], file()];
    expect(await post(unsigned)).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });
});

describe('requests', () => {
  test('a signature in the head beside the form’s → InvalidArgument', async () => {
    const fields = [...signed({ fields: { key: newKey() } }), file()];
    const refused = { status: 400, code: 'InvalidArgument' };
    expect(await post(fields, { authorization: 'AWS4-HMAC-SHA256 Credential=x' })).toMatchObject(refused);
    expect(await post(fields, {}, '?X-Amz-Signature=0')).toMatchObject(refused);
    expect(await post(fields, {}, '?AWSAccessKeyId=x&Signature=y')).toMatchObject(refused);
  });

  test('a header that says of the object what no field does → InvalidRequest', async () => {
    const fields = [...signed({ fields: { key: newKey(), 'x-amz-meta-a': '1' } }), file()];
    for (const headers of [{ 'x-amz-acl': 'public-read' }, { 'x-amz-meta-b': '1' }, { 'x-amz-meta-a': '2' }]) {
      expect(await post(fields, headers)).toMatchObject({ status: 400, code: 'InvalidRequest' });
    }
    expect(await post(fields, { 'x-amz-meta-a': '1' })).toMatchObject({ status: 204 });
  });

  test('Version 2 without the setting → InvalidRequest', async () => {
    const fields = signed({ fields: { key: newKey() }, sign: signedByV2 });
    expect(await post([...fields, file()])).toMatchObject({
      status: 400,
      code: 'InvalidRequest',
      message: 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    });
  });

  test.each([
    ['no boundary', (body: string) => body, 'multipart/form-data'],
    ['another boundary', (body: string) => body, 'multipart/form-data; boundary=x'],
    ['no last delimiter', (body: string) => body.replace(/--\r\n$/, '')],
    ['a file that does not end', (body: string) => body.slice(0, -60)],
    ['line feeds alone', (body: string) => body.replaceAll('\r\n', '\n')],
    ['fields without names', (body: string) => body.replaceAll('; name=', '; nam=')],
    ['no bytes', () => ''],
  ])('%s → MalformedPOSTRequest, and nothing is stored', async (_, spoil, type = contentType) => {
    const key = newKey();
    const whole = formBody([...signed({ fields: { key } }), file()]).toString();
    const answer = await postForm(url(), Buffer.from(spoil(whole)), { 'content-type': type });
    expect(answer).toMatchObject({ status: 400, code: 'MalformedPOSTRequest' });
    expect(await isAbsent(key)).toBe(true);
  });

  test('another kind of body → PreconditionFailed', async () => {
    const answer = await postForm(url(), Buffer.from('key=k'), { 'content-type': 'application/x-www-form-urlencoded' });
    expect(answer).toMatchObject({ status: 412, code: 'PreconditionFailed' });
    expect(answer.body).toContain(
      '<Condition>Bucket POST must be of the enclosure-type multipart/form-data</Condition>',
    );
  });

  const wire = (body: Uint8Array, more = '') =>
    `POST /${Bucket} HTTP/1.1\r\nHost: 127.0.0.1:${daemon().port}\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n${more}\r\n`;

  test.each([
    ['fields', 0.2],
    ['file', 0.9],
  ])('a connection that ends in the %s → no success, and nothing is stored', async (_, share) => {
    const key = newKey();
    const body = formBody([...signed({ fields: { key } }), file(seededBytes('cut', 9000))]);
    const sent = Buffer.concat([Buffer.from(wire(body)), body.subarray(0, body.length * share)]);
    const { status } = await sendRaw(sent, { port: daemon().port, halfClose: true });
    expect([0, 400]).toContain(status);
    expect(await isAbsent(key)).toBe(true);
  });

  test('Expect: 100-continue → is asked for the form; the connection serves on, also after a refusal', async () => {
    await using connection = await RawConnection.open(daemon().port);
    const good = formBody([...signed({ fields: { key: newKey() } }), file(seededBytes('long', 100_000))]);
    const bad = formBody([['key', newKey()], file(seededBytes('long', 100_000))]);
    for (const [body, status] of [
      [good, 204],
      [bad, 403],
      [good, 204],
    ] as const) {
      connection.write(wire(body, 'Expect: 100-continue\r\n'));
      expect((await connection.next()).status).toBe(100);
      connection.write(body);
      expect((await connection.next()).status).toBe(status);
    }
  });
});
