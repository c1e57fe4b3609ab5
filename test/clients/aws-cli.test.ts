/** aws-cli, new and old, run as its users run it: `aws s3` on trees of files, `aws s3api` on single operations. */
import { mkdir, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seededBytes } from '../support/seeded-bytes.ts';
import { useDaemon } from '../support/use-daemon.ts';
import { AwsSession } from './aws-session.ts';
import { generation, type PythonClients, pythonClients, setupLimitMs } from './python.ts';
import { oddNames, readTree, writeTree } from './tree.ts';

const daemon = useDaemon();

describe(`aws-cli (${generation})`, () => {
  let clients: PythonClients;
  let session: AwsSession | undefined;
  let folder: string;

  beforeAll(async () => {
    clients = await pythonClients(generation);
    folder = await mkdtemp(join(tmpdir(), 'ninefold-aws-cli-'));
    if (clients.interpreter === undefined) return;
    // aws-cli 1 signs URLs for us-east-1 by the retired version 2 unless it is told otherwise.
    await file('aws-config', '[default]\ns3 =\n    signature_version = s3v4\n');
    const environment = { ...daemon().clientEnvironment, AWS_CONFIG_FILE: join(folder, 'aws-config') };
    session = new AwsSession({ interpreter: clients.interpreter, cwd: folder, environment });
  }, setupLimitMs);

  beforeEach((ctx) => {
    if (clients.missing !== undefined) ctx.skip(clients.missing);
  });

  afterAll(async () => {
    await session?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const opened = (): AwsSession => {
    if (session === undefined) throw new Error('the session is open during tests only');
    return session;
  };
  const aws = (...args: readonly string[]): Promise<string> => opened().run(args);
  const api = (...args: readonly string[]): Promise<unknown> => opened().json(['s3api', ...args]);
  const file = async (name: string, content: string | Buffer): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };

  describe('aws s3', () => {
    test('mb, ls, rb: bucket made → listed; with objects → rb refused, rb --force removes all', async () => {
      await aws('s3', 'mb', `s3://made-${generation}`);
      expect(await aws('s3', 'ls')).toContain(`made-${generation}`);
      await aws('s3', 'cp', await file('one', '1'), `s3://made-${generation}/`);
      const refused = await opened().attempt(['s3', 'rb', `s3://made-${generation}`]);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('BucketNotEmpty') });
      await aws('s3', 'rb', '--force', `s3://made-${generation}`);
      expect(await aws('s3', 'ls')).not.toContain(`made-${generation}`);
    });

    test('sync: tree with odd names up and back → same files, same bytes; again → nothing to do', async () => {
      const bucket = await daemon().newBucket();
      const [up, down] = [join(folder, 'up'), join(folder, 'down')];
      await mkdir(up);
      await writeTree(up);
      await aws('s3', 'sync', up, `s3://${bucket}/tree`);
      expect(await aws('s3', 'sync', up, `s3://${bucket}/tree`)).toBe('');
      await aws('s3', 'sync', `s3://${bucket}/tree`, down);
      expect(await readTree(down)).toEqual(await readTree(up));

      await unlink(join(up, 'plain.txt'));
      expect(await aws('s3', 'sync', '--delete', up, `s3://${bucket}/tree`)).toContain('delete: s3://');
      await aws('s3', 'sync', '--delete', `s3://${bucket}/tree`, down);
      expect(await readTree(down)).toEqual(await readTree(up));

      await aws('s3', 'sync', `s3://${bucket}/tree`, `s3://${bucket}/copy`);
      const listed = await aws('s3', 'ls', '--recursive', '--summarize', `s3://${bucket}/copy/`);
      for (const name of oddNames.slice(1)) expect(listed).toContain(`copy/${name}`);
      expect(listed).toContain(`Total Objects: ${oddNames.length}`);
      await aws('s3', 'rm', '--recursive', `s3://${bucket}/`);
      expect(await aws('s3', 'ls', `s3://${bucket}`)).toBe('');
    });

    test('cp: file up, inside and down, by streams too → same bytes', async () => {
      const bucket = await daemon().newBucket();
      const bytes = seededBytes(2, 9 * 1024 * 1024);
      await aws('s3', 'cp', await file('large', bytes), `s3://${bucket}/large`);
      await aws('s3', 'cp', `s3://${bucket}/large`, `s3://${bucket}/large copy`);
      await aws('s3', 'cp', `s3://${bucket}/large copy`, join(folder, 'large-back'));
      expect((await readFile(join(folder, 'large-back'))).equals(bytes)).toBe(true);
      await opened().run(['s3', 'cp', '-', `s3://${bucket}/streamed`], 'from stdin');
      expect(await aws('s3', 'cp', `s3://${bucket}/streamed`, '-')).toBe('from stdin');
    });

    test('mv: object → gone where it was, there where it went', async () => {
      const bucket = await daemon().newBucket();
      await opened().run(['s3', 'cp', '-', `s3://${bucket}/from`], 'moved');
      await aws('s3', 'mv', `s3://${bucket}/from`, `s3://${bucket}/to+ there`);
      expect(await aws('s3', 'ls', `s3://${bucket}/`)).toMatch(/ 5 to\+ there\n$/);
      await aws('s3', 'mv', `s3://${bucket}/to+ there`, join(folder, 'moved'));
      expect(await readFile(join(folder, 'moved'), 'utf8')).toBe('moved');
      expect(await aws('s3', 'ls', `s3://${bucket}/`)).toBe('');
    });

    test('ls: prefixes → shown as PRE, one level at a time', async () => {
      const bucket = await daemon().newBucket();
      for (const key of ['a/1', 'a/2', 'b c/3', 'top'])
        await opened().run(['s3', 'cp', '-', `s3://${bucket}/${key}`], 'x');
      const lines = (await aws('s3', 'ls', `s3://${bucket}/`)).trim().split('\n');
      expect(lines.map((line) => line.trim().replace(/^\d.*1 /, ''))).toEqual(['PRE a/', 'PRE b c/', 'top']);
    });

    test('presign: URL → fetched without a key; changed URL → SignatureDoesNotMatch', async () => {
      const bucket = await daemon().newBucket();
      await opened().run(['s3', 'cp', '-', `s3://${bucket}/odd key+%.txt`], 'presigned');
      const url = (await aws('s3', 'presign', '--expires-in', '60', `s3://${bucket}/odd key+%.txt`)).trim();
      expect(await (await fetch(url)).text()).toBe('presigned');
      const changed = await fetch(url.replace('odd', 'even'));
      expect(changed.status).toBe(403);
      expect(await changed.text()).toContain('<Code>SignatureDoesNotMatch</Code>');
    });
  });

  describe('aws s3api', () => {
    test('put, head, get: headers, metadata and range → as they were put', async () => {
      const bucket = await daemon().newBucket();
      const body = await file('body', '0123456789');
      const target = ['--bucket', bucket, '--key', 'k/ü'];
      const given = [
        '--content-type',
        'text/x-odd',
        '--cache-control',
        'no-cache',
        '--metadata',
        'colour=blue,size=10',
      ];
      const put = await api('put-object', ...target, '--body', body, ...given);
      expect(put).toMatchObject({ ETag: '"781e5e245d69b566979b86e28d23f2c7"' });
      const facts = { ContentType: 'text/x-odd', CacheControl: 'no-cache', Metadata: { colour: 'blue', size: '10' } };
      expect(await api('head-object', ...target)).toMatchObject({ ...facts, ContentLength: 10 });
      const got = await api('get-object', ...target, '--range', 'bytes=2-5', join(folder, 'got'));
      expect(got).toMatchObject({ ...facts, ContentLength: 4, ContentRange: 'bytes 2-5/10' });
      expect(await readFile(join(folder, 'got'), 'utf8')).toBe('2345');
      const absent = await opened().attempt(['s3api', 'get-object', '--bucket', bucket, '--key', 'none', '/dev/null']);
      expect(absent.stderr).toContain('NoSuchKey');
      expect((await opened().attempt(['s3api', 'head-object', '--bucket', bucket, '--key', 'none'])).stderr).toContain(
        '404',
      );
    });

    test('list-objects, list-objects-v2: pages of two → all keys once, in order', async () => {
      const bucket = await daemon().newBucket();
      const keys = ['a b', 'a+b', 'a/1', 'a/2', 'é'];
      for (const key of keys) await api('put-object', '--bucket', bucket, '--key', key);
      for (const command of ['list-objects', 'list-objects-v2']) {
        const listed = await api(command, '--bucket', bucket, '--page-size', '2', '--query', 'Contents[].Key');
        expect(listed).toEqual(keys);
        const rolled = await api(command, '--bucket', bucket, '--prefix', 'a', '--delimiter', '/');
        expect(rolled).toMatchObject({
          CommonPrefixes: [{ Prefix: 'a/' }],
          Contents: [{ Key: 'a b' }, { Key: 'a+b' }],
        });
      }
    });

    test('multipart: created, listed, completed → one object with its parts’ ETag; aborted → gone', async () => {
      const bucket = await daemon().newBucket();
      const target = ['--bucket', bucket, '--key', 'parts'];
      const create = async (): Promise<string> =>
        (await aws('s3api', 'create-multipart-upload', ...target, '--query', 'UploadId', '--output', 'text')).trim();
      const upload = await create();
      const parts = [seededBytes(3, 5 * 1024 * 1024), Buffer.from('the end')];
      const etags: string[] = [];
      for (const [i, part] of parts.entries()) {
        const number = ['--part-number', String(i + 1), '--upload-id', upload];
        const etag = await api(
          'upload-part',
          ...target,
          ...number,
          '--body',
          await file('part', part),
          '--query',
          'ETag',
        );
        etags.push(String(etag));
      }
      const listed = await api('list-parts', ...target, '--upload-id', upload);
      expect(listed).toMatchObject({
        Parts: [
          { PartNumber: 1, Size: 5 * 1024 * 1024 },
          { PartNumber: 2, Size: 7 },
        ],
      });
      const list = JSON.stringify({ Parts: etags.map((ETag, i) => ({ ETag, PartNumber: i + 1 })) });
      const done = await api('complete-multipart-upload', ...target, '--upload-id', upload, '--multipart-upload', list);
      expect(done).toMatchObject({ Bucket: bucket, Key: 'parts', ETag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/) });
      await api('get-object', ...target, join(folder, 'parts'));
      expect((await readFile(join(folder, 'parts'))).equals(Buffer.concat(parts))).toBe(true);

      const second = await create();
      expect(await api('list-multipart-uploads', '--bucket', bucket)).toMatchObject({
        Uploads: [{ UploadId: second }],
      });
      await api('abort-multipart-upload', ...target, '--upload-id', second);
      expect(await api('list-multipart-uploads', '--bucket', bucket, '--query', 'Uploads')).toBeNull();
    });

    test('tagging of objects and buckets: put → read back; deleted → gone', async () => {
      const bucket = await daemon().newBucket();
      const target = ['--bucket', bucket, '--key', 'tagged'];
      await api('put-object', ...target, '--tagging', 'first=1&second=a%20b');
      const first = { Key: 'first', Value: '1' };
      expect(await api('get-object-tagging', ...target)).toMatchObject({
        TagSet: [first, { Key: 'second', Value: 'a b' }],
      });
      await api('put-object-tagging', ...target, '--tagging', 'TagSet=[{Key=third,Value=3}]');
      expect(await api('get-object-tagging', ...target)).toMatchObject({ TagSet: [{ Key: 'third', Value: '3' }] });
      await api('delete-object-tagging', ...target);
      expect(await api('get-object-tagging', ...target)).toMatchObject({ TagSet: [] });
      await api('put-bucket-tagging', '--bucket', bucket, '--tagging', 'TagSet=[{Key=team,Value=x}]');
      expect(await api('get-bucket-tagging', '--bucket', bucket)).toEqual({ TagSet: [{ Key: 'team', Value: 'x' }] });
      await api('delete-bucket-tagging', '--bucket', bucket);
      const gone = await opened().attempt(['s3api', 'get-bucket-tagging', '--bucket', bucket]);
      expect(gone.stderr).toContain('NoSuchTagSet');
    });

    test('versioning: enabled → every put kept, deletes leave markers, each version can be read and removed', async () => {
      const bucket = await daemon().newBucket();
      const target = ['--bucket', bucket, '--key', 'v'];
      await api('put-bucket-versioning', '--bucket', bucket, '--versioning-configuration', 'Status=Enabled');
      expect(await api('get-bucket-versioning', '--bucket', bucket)).toEqual({ Status: 'Enabled' });
      const put = async (text: string): Promise<string> =>
        String(await api('put-object', ...target, '--body', await file('v', text), '--query', 'VersionId'));
      const first = await put('first');
      const second = await put('second');
      expect(second).not.toBe(first);
      const marker = await api('delete-object', ...target);
      expect(marker).toMatchObject({ DeleteMarker: true });
      const versions = await api('list-object-versions', '--bucket', bucket);
      expect(versions).toMatchObject({
        Versions: [
          { VersionId: second, IsLatest: false },
          { VersionId: first, IsLatest: false },
        ],
        DeleteMarkers: [{ IsLatest: true }],
      });
      await api('get-object', ...target, '--version-id', first, join(folder, 'first'));
      expect(await readFile(join(folder, 'first'), 'utf8')).toBe('first');
      await api('delete-object', ...target, '--version-id', first);
      const left = await api('list-object-versions', '--bucket', bucket, '--query', 'Versions[].VersionId');
      expect(left).toEqual([second]);
    });

    test('copy-object, delete-objects, get-bucket-location, list-buckets → as AWS answers', async () => {
      const bucket = await daemon().newBucket();
      await api('put-object', '--bucket', bucket, '--key', 'a b', '--metadata', 'm=1');
      await api('copy-object', '--bucket', bucket, '--key', 'copy', '--copy-source', `${bucket}/a b`);
      expect(await api('head-object', '--bucket', bucket, '--key', 'copy')).toMatchObject({ Metadata: { m: '1' } });
      const all = JSON.stringify({ Objects: [{ Key: 'a b' }, { Key: 'copy' }, { Key: 'never was' }] });
      const deleted = await api('delete-objects', '--bucket', bucket, '--delete', all);
      expect(deleted).toMatchObject({ Deleted: expect.arrayContaining([{ Key: 'a b' }, { Key: 'never was' }]) });
      expect(await api('get-bucket-location', '--bucket', bucket)).toEqual({ LocationConstraint: null });
      expect(await api('list-buckets', '--query', 'Buckets[].Name')).toContain(bucket);
      await api('delete-bucket', '--bucket', bucket);
      expect((await opened().attempt(['s3api', 'head-bucket', '--bucket', bucket])).stderr).toContain('404');
    });

    test('object lock: a default, a date, a hold → said, kept, and gone by a bypass', async () => {
      const target = ['--bucket', 'cli-lock', '--key', 'k'];
      const date = '2040-01-02T03:04:05';
      await api('create-bucket', '--bucket', 'cli-lock', '--object-lock-enabled-for-bucket');
      const Rule = { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } };
      const configuration = JSON.stringify({ ObjectLockEnabled: 'Enabled', Rule });
      const place = ['--bucket', 'cli-lock', '--object-lock-configuration', configuration];
      await api('put-object-lock-configuration', ...place);
      expect(await api('get-object-lock-configuration', '--bucket', 'cli-lock')).toMatchObject({
        ObjectLockConfiguration: { Rule },
      });
      const lock = ['--object-lock-mode', 'GOVERNANCE', '--object-lock-retain-until-date', date];
      const md5 = ['--content-md5', '1B2M2Y8AsgTpgAmY7PhCfg=='];
      const made = (await api('put-object', ...target, ...lock, ...md5)) as { VersionId: string };
      expect(await api('get-object-retention', ...target)).toEqual({
        Retention: { Mode: 'GOVERNANCE', RetainUntilDate: expect.stringContaining(date) },
      });
      await aws('s3api', 'put-object-legal-hold', ...target, '--legal-hold', 'Status=ON');
      expect(await api('head-object', ...target)).toMatchObject({ ObjectLockLegalHoldStatus: 'ON' });
      const version = [...target, '--version-id', made.VersionId];
      const bypass = [...version, '--bypass-governance-retention'];
      const refused = await opened().attempt(['s3api', 'delete-object', ...bypass]);
      expect(refused.stderr).toContain('object protected by object lock');
      await aws('s3api', 'put-object-legal-hold', ...target, '--legal-hold', 'Status=OFF');
      expect((await opened().attempt(['s3api', 'delete-object', ...version])).stderr).toContain('AccessDenied');
      await aws('s3api', 'delete-object', ...bypass);
      await api('delete-bucket', '--bucket', 'cli-lock');
    });
  });
});
