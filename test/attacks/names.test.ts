/** Attacks by what names say: ways out of a folder or bucket, members of objects, and lines for answers. */
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { attackRequests } from '../support/attack-requests.ts';
import {
  alice,
  expectRepelled,
  mallory,
  ownAccount,
  secretText,
  stranger,
  treasure,
  useAttackStage,
  yard,
} from '../support/attack-stage.ts';
import { rootKey } from '../support/daemon.ts';
import { sendRaw, wireBytes } from '../support/raw-http.ts';
import { presign } from '../support/sigv4-sign.ts';

const stage = useAttackStage();
const { host, send, sendForm, sendUnsigned } = attackRequests(stage);

const waysOut = [
  '../../../../etc/passwd',
  '%2e%2e/%2e%2e/etc/passwd',
  '..%2f..%2f..%2fetc%2fpasswd',
  '%252e%252e%252fetc',
  '....//....//etc/passwd',
  '..%5c..%5cwindows',
  'a/../../treasure/secret',
  './../treasure/secret',
  '/etc/passwd',
  '//treasure/secret',
  'file:%2f%2f%2fetc%2fpasswd',
  '%00',
  'a%00/../b',
  '.',
  '..',
  'zone-a/disk-1/disk.json',
  '%c0%ae%c0%ae%2f',
  '~root',
  '$(id)',
  'CON',
];

describe('keys that lead elsewhere', () => {
  test.for(waysOut)('%s → that key of that bucket, or refused; no file of such a name', async (key) => {
    expectRepelled(await send({ path: `/${yard}/${key}` }));
    const put = await send({ method: 'PUT', path: `/${yard}/${key}`, body: 'planted' });
    if (put.status === 200) {
      expect((await send({ path: `/${yard}/${key}` })).body).toBe('planted');
      expect((await send({ method: 'DELETE', path: `/${yard}/${key}` })).status).toBe(204);
    } else expectRepelled(put);
    const files = await readdir(stage().daemon.dataDirectory, { recursive: true });
    expect(files.filter((file) => /etc|passwd|planted|secret|\.\.|id\)|~/.test(file))).toEqual([]);
  });

  test.for([
    `/${yard}/../${treasure}/secret`,
    `/${yard}/%2e%2e/${treasure}/secret`,
    `/${yard}/..%2f${treasure}%2fsecret`,
    `/${yard}/./../${treasure}/secret`,
    `/${yard}%2f..%2f${treasure}/secret`,
    `//${treasure}/secret`,
    `/./${treasure}/secret`,
    `/${yard}/..;/${treasure}/secret`,
    `/${treasure}%2fsecret`,
    `/%74reasure/secret`,
    `/${treasure.toUpperCase()}/secret`,
    `/${treasure}%00/secret`,
    `/${treasure}%20/secret`,
    `/${treasure}./secret`,
    `/${yard}?/../${treasure}/secret`,
  ])('%s by who may read another bucket only → nothing', async (path) => {
    expectRepelled({ ...(await send({ path })), status: 0 });
    const answer = await send({ path });
    expect(answer.body).not.toContain(secretText);
    expectRepelled(
      await send({ method: 'DELETE', path }).then((found) => (found.status === 204 ? { ...found, status: 0 } : found)),
    );
  });

  test.for([
    '..',
    '.',
    '%2e%2e',
    '-',
    '_',
    '..%2fx',
    'a..b',
    'a%00b',
    'A',
    'a%2fb',
    '%20',
    '__proto__',
    'a'.repeat(64),
  ])('a bucket of the name %s → not made', async (name) => {
    expectRepelled(await send({ method: 'PUT', path: `/${name}`, key: rootKey }));
  });
});

describe('copy sources', () => {
  test.for([
    `/${treasure}/secret`,
    `${treasure}/secret`,
    `%2F${treasure}%2Fsecret`,
    `%74reasure/secret`,
    `/${yard}/../${treasure}/secret`,
    `/${yard}/..%2f${treasure}%2fsecret`,
    `${yard}%2f..%2f${treasure}/secret`,
    `//${treasure}/secret`,
    `/${treasure}/secret?versionId=`,
    `http://${treasure}.localhost/secret`,
    `http://localhost/${treasure}/secret`,
    `arn:aws:s3:::${treasure}/secret`,
    `arn:aws:s3:us-east-1:${ownAccount}:accesspoint/${treasure}/object/secret`,
    'file:///etc/passwd',
    '/',
    '//',
  ])('%s by who may not read it → nothing copied', async (source) => {
    const headers = { 'x-amz-copy-source': source };
    expectRepelled(await send({ method: 'PUT', path: `/${yard}/stolen`, headers }));
    expectRepelled(
      await send({
        method: 'PUT',
        path: `/${yard}/grass`,
        headers: { ...headers, 'x-amz-metadata-directive': 'REPLACE' },
      }),
    );
  });

  test('as a part of one’s own upload → nothing copied', async () => {
    const begun = await send({ method: 'POST', path: `/${yard}/stolen`, query: [['uploads', '']] });
    const uploadId = /<UploadId>([^<]+)/.exec(begun.body)?.[1] ?? '';
    const query = [
      ['partNumber', '1'],
      ['uploadId', uploadId],
    ] as const;
    for (const source of [`/${treasure}/secret`, `/${treasure}/secret?versionId=${stage().versionIds[0]}`]) {
      expectRepelled(
        await send({ method: 'PUT', path: `/${yard}/stolen`, query, headers: { 'x-amz-copy-source': source } }),
      );
    }
    const aborted = await send({ method: 'DELETE', path: `/${yard}/stolen`, query: [['uploadId', uploadId]] });
    expect(aborted.status).toBe(204);
  });
});

describe('the operator’s interface', () => {
  const routes = ['/-/status', '/-/disks', '/-/jobs', '/-/metrics', `/-/accounts/${ownAccount}/users`];

  test.for([
    ...routes,
    '//-/status',
    '/./-/status',
    '/%2d/status',
    '/-%2fstatus',
    '/-/live/../status',
    '/-/live%2f..%2fstatus',
    '/-/live/status',
    '/-//live/../status',
    '/-/status?/-/live',
    '/-/status#/-/live',
    '/-/status;/-/live',
    '/-/status/.',
    '/-/LIVE/../status',
    'http://localhost/-/status',
  ])('%s without a key → refused', async (target) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await sendUnsigned(method, target);
      expectRepelled(answer);
      expect(answer.body).not.toMatch(/"zones"|"disks"|"jobs"|"users"/);
    }
  });

  test('by users, by the root of another account, or for another service → refused', async () => {
    for (const path of routes) {
      for (const key of [alice, mallory, stranger]) expectRepelled(await send({ path, key }));
    }
    for (const key of [alice, stranger]) {
      const body = '{"name":"evil","policies":["arn:aws:iam::aws:policy/AdministratorAccess"]}';
      expectRepelled(await send({ method: 'POST', path: `/-/accounts/${ownAccount}/users`, body, key }));
    }
  });

  test.for(['..', '%2e%2e', '..%2f..%2fetc', '%00', '*', '__proto__', 'constructor', '%7b%7d', '0', 'a'.repeat(400)])(
    'a disk, job or account called %s → none',
    async (id) => {
      const as = (method: string, path: string, body = '') => send({ method, path, body, key: rootKey });
      expectRepelled(await as('POST', `/-/disks/${id}/drain`));
      expectRepelled(await as('POST', `/-/disks/${id}/replace`, '{"path":"/nowhere/../x"}'));
      expectRepelled(await as('DELETE', `/-/disks/${id}`));
      expectRepelled(await as('POST', `/-/jobs/${id}/run`));
      expectRepelled(await as('GET', `/-/accounts/${id}/users`));
      expectRepelled(await as('DELETE', `/-/accounts/${ownAccount}/users/${id}`));
    },
  );

  test.for([
    '{"__proto__":{"zone":"a","path":"x"}}',
    '{"zone":"zone-a","path":"x","__proto__":{}}',
    '[]',
    'null',
    '"x"',
    '{',
  ])('a new disk described by %s → refused', async (body) => {
    expectRepelled(await send({ method: 'POST', path: '/-/disks', body, key: rootKey }));
  });
});

const members = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'];

describe('names that objects have', () => {
  test.for(members)('%s as parameter, header value, action or user → nothing of the kind', async (name) => {
    expectRepelled(await send({ method: 'PUT', path: `/${yard}/grass`, query: [[name, '']], body: 'x' }));
    for (const header of [
      'x-amz-acl',
      'x-amz-storage-class',
      'x-amz-sdk-checksum-algorithm',
      'x-amz-server-side-encryption',
      'x-amz-object-lock-mode',
    ]) {
      expectRepelled(await send({ method: 'PUT', path: `/${yard}/grass`, headers: { [header]: name }, body: 'x' }));
    }
    for (const form of [
      `Action=${name}&Version=2010-05-08`,
      `Action=GetUser&Version=2010-05-08&UserName=${name}`,
      `Action=GetUserPolicy&Version=2010-05-08&UserName=alice&PolicyName=${name}`,
      `Action=ListUsers&Version=2010-05-08&${name}.member.1=x&${name}=y&PathPrefix.${name}=z&MaxItems=0`,
      `Action=${name}&Version=2011-06-15`,
    ]) {
      expectRepelled(await sendForm('iam', form));
    }
  });

  test.for(members)('%s as a name of metadata and key of a tag → kept as such', async (name) => {
    const headers = { [`x-amz-meta-${name.toLowerCase()}`]: 'value', 'x-amz-tagging': `${name}=value` };
    expect((await send({ method: 'PUT', path: `/${yard}/member`, headers })).status).toBe(200);
    const got = await send({ path: `/${yard}/member` });
    expect(got.headers.get(`x-amz-meta-${name.toLowerCase()}`)).toBe('value');
    const tags = await send({ path: `/${yard}/member`, query: [['tagging', '']] });
    expect(tags.body).toContain(`<Key>${name}</Key><Value>value</Value>`);
    expect((await send({ method: 'DELETE', path: `/${yard}/member` })).status).toBe(204);
  });
});

describe('lines for answers', () => {
  const evil = 'x\r\nSet-Cookie: evil=1\r\n\r\n<script>';
  const presigned = (method: string, key: string, parameters: readonly (readonly [string, string])[]) => {
    const request = { method, path: `/${yard}/${key}`, query: parameters, headers: { host: host() } };
    const signed = presign(request, alice, { date: new Date(), expiresSeconds: 60 });
    return sendRaw(wireBytes(signed, method === 'PUT' ? 'x' : ''), { port: stage().daemon.port });
  };

  test.for(['content-type', 'content-language', 'expires', 'cache-control', 'content-disposition', 'content-encoding'])(
    'response-%s with line ends → no header of its own',
    async (name) => {
      const answer = await presigned('GET', 'grass', [[`response-${name}`, evil]]);
      expect([...answer.headers.keys()]).not.toContain('set-cookie');
      if (answer.status === 200) expect(answer.body).toBe('grass');
      else expectRepelled(answer);
    },
  );

  test('metadata in a presigned query with line ends → refused', async () => {
    for (const name of ['x-amz-meta-a', 'x-amz-website-redirect-location', 'x-amz-tagging', 'x-amz-acl']) {
      expectRepelled(await presigned('PUT', 'stolen', [[name, evil]]));
    }
  });

  test('metadata that says line ends by encoded words → none in answers', async () => {
    const headers = { 'x-amz-meta-a': `=?UTF-8?B?${Buffer.from(evil).toString('base64')}?=` };
    expect((await send({ method: 'PUT', path: `/${yard}/lines`, headers })).status).toBe(200);
    const answer = await send({ path: `/${yard}/lines` });
    expect(answer.status).toBe(200);
    expect([...answer.headers.keys()]).not.toContain('set-cookie');
    expect((await send({ method: 'DELETE', path: `/${yard}/lines` })).status).toBe(204);
  });

  test('markup in keys, parameters and tokens → text in answers', async () => {
    const markup = '%3C%2FKey%3E%3Cscript%3E';
    for (const path of [`/${yard}/${markup}`, `/%3Cscript%3E`]) {
      expect((await send({ path })).body).not.toContain('<script>');
    }
    for (const name of ['prefix', 'delimiter', 'marker', 'uploadId', 'versionId', 'encoding-type']) {
      const answer = await send({ path: `/${yard}`, query: [[name, markup]] });
      expect(answer.body, name).not.toContain('<script>');
    }
    expect((await sendForm('iam', `Action=${markup}&Version=2010-05-08`)).body).not.toContain('<script>');
    const token = { 'x-amz-security-token': '<script>' };
    expect((await send({ path: `/${yard}/grass`, headers: token })).body).not.toContain('<script>');
  });
});
