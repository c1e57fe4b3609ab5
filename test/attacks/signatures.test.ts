/** Attacks on signatures of both versions: each part of a signed request changed, taken away, doubled or moved. */
import { AssumeRoleCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { beforeAll, describe, expect, test } from 'vitest';
import { alice, expectRepelled, mallory, secretText, treasure, useAttackStage, yard } from '../support/attack-stage.ts';
import { region, rootKey } from '../support/daemon.ts';
import { type RawAnswer, sendRaw, wireBytes } from '../support/raw-http.ts';
import { presignV2, signHeaderV2 } from '../support/sigv2-sign.ts';
import { presign, type SigningKey, sha256Hex, signHeader, type WireRequest } from '../support/sigv4-sign.ts';

const stage = useAttackStage();
const host = (): string => `127.0.0.1:${stage().daemon.port}`;
const send = (request: WireRequest, body = '', extra?: readonly string[]): Promise<RawAnswer> =>
  sendRaw(wireBytes(request, body, extra), { port: stage().daemon.port, isHead: request.method === 'HEAD' });
const path = `/${treasure}/secret`;
const overwriting = 'OVERWRITTEN';

/** Keys of a session of the root, so that a token is among what is signed. */
let session: SigningKey;
beforeAll(async () => {
  const sts = new STSClient({ endpoint: stage().daemon.endpoint, region, credentials: rootKey, maxAttempts: 1 });
  const { Credentials } = await sts.send(new GetSessionTokenCommand({}));
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
  session = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
});

/** Every way to meddle with one parameter of a query. */
function tampered(rawQuery: string, name: string): readonly (readonly [how: string, rawQuery: string])[] {
  const pairs = rawQuery.split('&');
  const at = pairs.findIndex((pair) => pair.startsWith(`${name}=`));
  const pair = pairs[at] ?? '';
  const other = `${pair.slice(0, -1)}${pair.endsWith('1') ? '2' : '1'}`;
  const put = (...instead: readonly string[]): string => pairs.toSpliced(at, 1, ...instead).join('&');
  return [
    ['taken away', put()],
    ['emptied', put(`${name}=`)],
    ['changed', put(other)],
    ['doubled, another in front', put(other, pair)],
    ['doubled, another behind', put(pair, other)],
    ['doubled', put(pair, pair)],
    ['in another case', put(pair.replace(name, name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase()))],
    ['lengthened', put(`${pair}%20`)],
  ];
}

describe('a presigned request of Version 4', () => {
  const presigned = (method = 'GET'): WireRequest => {
    const query = [
      ['versionId', stage().versionIds[0]],
      ['response-content-type', 'text/plain'],
      ['x-amz-expected-bucket-owner', '000000000000'],
    ] as const;
    const request = { method, path, query, headers: { host: host() } };
    return presign(request, session, { date: new Date(), expiresSeconds: 60 });
  };

  test('untouched → answered', async () => {
    expect((await send(presigned())).body).toBe(secretText);
  });

  test.for([
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-Date',
    'X-Amz-Expires',
    'X-Amz-SignedHeaders',
    'X-Amz-Security-Token',
    'X-Amz-Signature',
    'versionId',
    'response-content-type',
    'x-amz-expected-bucket-owner',
  ])('%s meddled with → refused', async (name) => {
    const signed = presigned();
    expect(signed.rawQuery).toContain(`${name}=`);
    for (const [how, rawQuery] of tampered(signed.rawQuery, name)) {
      const answer = await send({ ...signed, rawQuery });
      expect(answer.status, `${how}: ${answer.body}`).toBeGreaterThanOrEqual(400);
      expectRepelled(answer);
    }
  });

  test.for([
    'acl',
    'tagging',
    'attributes',
    'partNumber=1',
    'x-amz-acl=public-read',
    'response-content-disposition=attachment',
    'prefix=a',
    '__proto__=1',
    '%00=1',
    'X-Amz-Signature',
    'Signature=x&AWSAccessKeyId=y',
  ])('with %s more → refused', async (more) => {
    const signed = presigned();
    for (const rawQuery of [`${signed.rawQuery}&${more}`, `${more}&${signed.rawQuery}`]) {
      expectRepelled(await send({ ...signed, rawQuery }));
    }
  });

  test.for(['PUT', 'DELETE', 'HEAD', 'POST', 'OPTIONS', 'PATCH', 'get'])('as %s → refused', async (method) => {
    expectRepelled(await send({ ...presigned(), method }, method === 'PUT' ? overwriting : ''));
  });

  test('its signature moved into an Authorization header, and the reverse → refused', async () => {
    const { rawQuery } = presigned();
    const of = (name: string): string => decodeURIComponent(new URLSearchParams(rawQuery).get(name) ?? '');
    const authorization = `AWS4-HMAC-SHA256 Credential=${of('X-Amz-Credential')}, SignedHeaders=host, Signature=${of('X-Amz-Signature')}`;
    const headers = { host: host(), 'x-amz-date': of('X-Amz-Date'), 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    expectRepelled(await send({ method: 'GET', rawPath: path, rawQuery: '', headers: { ...headers, authorization } }));
    const request = { method: 'GET', path, headers: { host: host() } };
    const signed = signHeader(request, session, { date: new Date(), payload: 'UNSIGNED-PAYLOAD' });
    const signature = /Signature=(\w+)/.exec(signed.headers['authorization'] ?? '')?.[1] ?? '';
    const moved = rawQuery.replace(/X-Amz-Signature=\w+/, `X-Amz-Signature=${signature}`);
    expectRepelled(await send({ ...presigned(), rawQuery: moved }));
  });

  test('stripped of all that signs it → refused as anybody is', async () => {
    const { rawQuery } = presigned();
    const bare = rawQuery.split('&').filter((pair) => !pair.startsWith('X-Amz-'));
    expectRepelled(await send({ ...presigned(), rawQuery: bare.join('&') }));
    expectRepelled(await send({ ...presigned(), rawQuery: '' }));
  });
});

describe('a request of Version 4 signed in its header', () => {
  const signedHeaders = (): Record<string, string> => ({
    host: host(),
    'content-type': 'text/plain',
    'content-md5': 'pu5WBjf1L2uZMFfZr7D2/w==',
    'x-amz-meta-a': 'one',
    'x-amz-storage-class': 'STANDARD',
  });
  const signed = (headers = signedHeaders()): WireRequest =>
    signHeader({ method: 'PUT', path, headers }, session, { date: new Date(), payload: sha256Hex(overwriting) });

  test.for([
    'host',
    'content-type',
    'content-md5',
    'x-amz-meta-a',
    'x-amz-storage-class',
    'x-amz-date',
    'x-amz-content-sha256',
    'x-amz-security-token',
    'authorization',
  ])('%s changed, doubled, emptied or taken away → refused', async (name) => {
    const wire = signed();
    const { [name]: value = '', ...others } = wire.headers;
    const evil = `${value.slice(0, -1)}${value.endsWith('1') ? '2' : '1'}`;
    for (const lines of [[], [''], [evil], [evil, value], [value, evil], [value, value]]) {
      const extra = [...lines.map((line) => `${name}: ${line}`), `content-length: ${overwriting.length}`];
      const answer = await send({ ...wire, headers: others }, overwriting, extra);
      expect(answer.status, `${lines.length} lines: ${answer.body}`).toBeGreaterThanOrEqual(400);
      expectRepelled(answer);
    }
  });

  test.for([
    'x-amz-copy-source: /yard/grass',
    'x-amz-acl: public-read',
    'x-amz-tagging: a=b',
    'x-amz-meta-b: two',
    'X-AMZ-Website-Redirect-Location: http://evil.example/',
    'x-amz-object-lock-mode: GOVERNANCE',
    'x-amz-trailer: x-amz-checksum-crc32',
    'x-amz-decoded-content-length: 1',
    'x-amz-expected-bucket-owner: 000000000000',
    'x-amz-checksum-crc32: AAAAAA==',
  ])('%s, which was not signed → refused', async (line) => {
    expectRepelled(await send(signed(), overwriting, [line, `content-length: ${overwriting.length}`]));
  });

  test.for([
    'x-http-method-override: DELETE',
    'x-http-method: DELETE',
    'x-method-override: DELETE',
    'x-original-url: /treasure/secret',
    'x-rewrite-url: /treasure/secret',
    'x-forwarded-host: treasure.localhost',
    'x-forwarded-prefix: /treasure',
    'forwarded: host=treasure.localhost',
    'x-host: treasure.localhost',
  ])('%s → not listened to', async (line) => {
    const request = { method: 'GET', path: `/${yard}/grass`, headers: { host: host() } };
    const wire = signHeader(request, alice, { date: new Date(), payload: 'UNSIGNED-PAYLOAD' });
    const answer = await send(wire, '', [line]);
    expect([answer.status, answer.body]).toEqual([200, 'grass']);
  });

  test('its signature taken away, emptied, or of another algorithm → refused', async () => {
    const wire = signed();
    const { authorization = '', ...bare } = wire.headers;
    for (const text of [
      undefined,
      '',
      'AWS4-HMAC-SHA256',
      authorization.replace(/Signature=.*/, 'Signature='),
      authorization.replace(/Signature=.*/, `Signature=${'0'.repeat(64)}`),
      authorization.replace('SHA256', 'SHA1'),
      authorization.replace('AWS4-HMAC-SHA256', 'none'),
      authorization.replace('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA256-PAYLOAD'),
      authorization.replace(/SignedHeaders=[^,]*/, 'SignedHeaders='),
      authorization.replace(/SignedHeaders=[^,]*/, 'SignedHeaders=host'),
      authorization.replace('/s3/', '/sts/'),
      authorization.replace(/\/\d{8}\//, '/19700101/'),
      `${authorization}, ${authorization}`,
      authorization.toLowerCase(),
    ]) {
      const headers = text === undefined ? bare : { ...bare, authorization: text };
      expectRepelled(await send({ ...wire, headers }, overwriting));
    }
  });

  test('recorded, and sent again a quarter of an hour later → refused', async () => {
    const request = { method: 'PUT', path, headers: { host: host() } };
    const date = new Date(Date.now() - 15 * 60_000 - 2_000);
    const answer = await send(signHeader(request, session, { date, payload: sha256Hex(overwriting) }), overwriting);
    expect(answer.code).toBe('RequestTimeTooSkewed');
  });

  test('recorded, and sent with another body → refused', async () => {
    const answer = await send(signed({ host: host() }), 'ANOTHER BOD', []);
    expectRepelled(answer);
    expectRepelled(await send(signed({ host: host() }), 'ANOTHER BOD'));
  });
});

describe('a request for one host, sent to another', () => {
  const signedFor = (name: string, target: string): WireRequest => {
    const request = { method: 'GET', path: target, headers: { host: name } };
    return signHeader(request, rootKey, { date: new Date(), payload: 'UNSIGNED-PAYLOAD' });
  };

  test('the host changed, so that the path means another bucket → refused', async () => {
    const wire = signedFor(`${yard}.localhost`, '/secret');
    expect((await send(wire)).code).toBe('NoSuchKey');
    expectRepelled(await send({ ...wire, headers: { ...wire.headers, host: `${treasure}.localhost` } }));
    const byPath = signedFor(host(), `/${yard}/secret`);
    expectRepelled(await send({ ...byPath, headers: { ...byPath.headers, host: `${treasure}.localhost` } }));
  });

  test('X-Forwarded-Host names the host it was signed for → not believed', async () => {
    const wire = signedFor('public.example', path);
    const { host: _host, ...headers } = wire.headers;
    const answer = await send({ ...wire, headers }, '', [`host: ${host()}`, 'x-forwarded-host: public.example']);
    expect(answer.code).toBe('SignatureDoesNotMatch');
  });

  test('the request line names another host than the header → refused', async () => {
    const wire = signedFor(`${yard}.localhost`, '/secret');
    for (const authority of [`${treasure}.localhost`, `root@${treasure}.localhost`, 'evil.example']) {
      const answer = await send({ ...wire, rawPath: `http://${authority}/secret` });
      expect(answer.status, answer.body).toBe(400);
    }
    expect((await send({ ...wire, rawPath: `http://${yard}.localhost/secret` })).code).toBe('NoSuchKey');
  });
});

describe('a request of Version 2', () => {
  const in1Minute = (): Date => new Date(Date.now() + 60_000);
  const header = (more: Record<string, string> = {}): WireRequest => {
    const headers = { host: host(), 'content-type': 'text/plain', 'x-amz-meta-a': 'one', ...more };
    return signHeaderV2({ method: 'PUT', rawPath: path, headers }, rootKey, new Date());
  };
  const presigned = (method = 'GET'): WireRequest => {
    const signedQuery = `response-content-type=text/plain&versionId=${stage().versionIds[0]}`;
    return presignV2({ method, rawPath: path, signedQuery, headers: { host: host() } }, rootKey, in1Minute());
  };

  test('untouched → answered', async () => {
    expect((await send(presigned())).body).toBe(secretText);
  });

  test.for(['AWSAccessKeyId', 'Expires', 'Signature', 'versionId', 'response-content-type'])(
    '%s of a presigned one meddled with → refused',
    async (name) => {
      const signed = presigned();
      for (const [how, rawQuery] of tampered(signed.rawQuery, name)) {
        const answer = await send({ ...signed, rawQuery });
        expect(answer.status, `${how}: ${answer.body}`).toBeGreaterThanOrEqual(400);
        expectRepelled(answer);
      }
    },
  );

  test.for(['acl', 'tagging', 'retention', 'attributes', 'uploads', 'x-amz-acl=public-read', 'X-Amz-Signature=x'])(
    'presigned, with %s more → refused',
    async (more) => {
      const signed = presigned();
      for (const rawQuery of [`${signed.rawQuery}&${more}`, `${more}&${signed.rawQuery}`]) {
        expectRepelled(await send({ ...signed, rawQuery }));
      }
    },
  );

  test('presigned, one value made two parameters, or two one → refused', async () => {
    const signed = presigned();
    const versionId = `versionId=${stage().versionIds[0]}`;
    const joined = signed.rawQuery.replace(`&${versionId}`, `%26${encodeURIComponent(versionId)}`);
    expectRepelled(await send({ ...signed, rawQuery: joined }));
  });

  test.for(['PUT', 'DELETE', 'HEAD'])('presigned, as %s → refused', async (method) => {
    expectRepelled(await send({ ...presigned(), method }, method === 'PUT' ? overwriting : ''));
  });

  test.for(['content-type', 'x-amz-meta-a', 'date', 'authorization'])(
    '%s changed, doubled, emptied or taken away → refused',
    async (name) => {
      const wire = header();
      const { [name]: value = '', ...others } = wire.headers;
      const evil = name === 'date' ? new Date(Date.now() + 1000).toUTCString() : `${value.slice(0, -1)}1`;
      for (const lines of [[], [''], [evil], [evil, value], [value, evil], [value, value]]) {
        const extra = [...lines.map((line) => `${name}: ${line}`), `content-length: ${overwriting.length}`];
        expectRepelled(await send({ ...wire, headers: others }, overwriting, extra));
      }
    },
  );

  test.for([
    'x-amz-acl: public-read',
    'x-amz-date: Fri, 01 Jan 2027 00:00:00 GMT',
    'content-md5: pu5WBjf1L2uZMFfZr7D2/w==',
  ])('%s more → refused', async (line) => {
    expectRepelled(await send(header(), overwriting, [line, `content-length: ${overwriting.length}`]));
  });

  test('another body than its Content-MD5 says → refused', async () => {
    const wire = header({ 'content-md5': 'pu5WBjf1L2uZMFfZr7D2/w==' });
    expect((await send(wire, overwriting)).code).toBe('BadDigest');
  });

  test('recorded, and sent again a quarter of an hour later → refused', async () => {
    const headers = { host: host() };
    const date = new Date(Date.now() - 15 * 60_000 - 2_000);
    const answer = await send(signHeaderV2({ method: 'PUT', rawPath: path, headers }, rootKey, date), overwriting);
    expect(answer.code).toBe('RequestTimeTooSkewed');
  });

  test('for IAM, STS or the operator → refused', async () => {
    const headers = { host: host(), 'content-type': 'application/x-www-form-urlencoded' };
    const form = 'Action=CreateUser&Version=2010-05-08&UserName=evil';
    const wire = signHeaderV2({ method: 'POST', rawPath: '/', headers }, rootKey, new Date());
    expectRepelled(await send(wire, form));
    const operator = { method: 'GET', rawPath: '/-/status', headers: { host: host() } };
    expectRepelled(await send(signHeaderV2(operator, rootKey, new Date())));
  });
});

describe('session tokens', () => {
  const get = (key: SigningKey, more: Record<string, string> = {}): Promise<RawAnswer> => {
    const request = { method: 'GET', path, headers: { host: host(), ...more } };
    return send(signHeader(request, key, { date: new Date(), payload: 'UNSIGNED-PAYLOAD' }));
  };
  const sessionOf = async (credentials: SigningKey): Promise<SigningKey> => {
    const sts = new STSClient({ endpoint: stage().daemon.endpoint, region, credentials, maxAttempts: 1 });
    const answer = await sts.send(new GetSessionTokenCommand({}));
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = answer.Credentials ?? {};
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  };

  test('the token of another key, with one’s own → refused', async () => {
    const own = await sessionOf(alice);
    expect((await get(session)).body).toBe(secretText);
    for (const key of [
      { ...own, sessionToken: session.sessionToken ?? '' },
      { ...alice, sessionToken: session.sessionToken ?? '' },
      { ...rootKey, secretAccessKey: own.secretAccessKey, sessionToken: own.sessionToken ?? '' },
      { ...session, secretAccessKey: own.secretAccessKey },
      { accessKeyId: session.accessKeyId, secretAccessKey: own.secretAccessKey, sessionToken: own.sessionToken ?? '' },
    ]) {
      expectRepelled(await get(key));
    }
  });

  test('a permanent key with a token, a temporary one without → refused', async () => {
    expectRepelled(await get({ ...rootKey, sessionToken: session.sessionToken ?? '' }));
    const { accessKeyId, secretAccessKey } = session;
    expectRepelled(await get({ accessKeyId, secretAccessKey }));
  });

  test('any byte of a token changed, cut or added → refused', async () => {
    const token = session.sessionToken ?? '';
    const at = [0, 1, token.length >> 2, token.length >> 1, token.length - 5];
    const flipped = at.map((i) => `${token.slice(0, i)}${token[i] === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`);
    for (const sessionToken of [...flipped, token.slice(0, -8), `${token}AAAA`, token.slice(8), '', 'null', '{}']) {
      expectRepelled(await get({ ...session, sessionToken }));
    }
  });

  test('a session of who may do nothing → may do nothing', async () => {
    expectRepelled(await get(await sessionOf(mallory)));
    const sts = new STSClient({ endpoint: stage().daemon.endpoint, region, credentials: mallory, maxAttempts: 1 });
    const command = new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::000000000000:role/admin', RoleSessionName: 'me' });
    await expect(sts.send(command)).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});
