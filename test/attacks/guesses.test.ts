/** Attacks by guesses: ids of another bucket, what belongs to others, and claims of being somebody. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { attackRequests } from '../support/attack-requests.ts';
import {
  alice,
  expectRepelled,
  mallory,
  ownAccount,
  stranger,
  treasure,
  useAttackStage,
  yard,
} from '../support/attack-stage.ts';
import { region, rootKey } from '../support/daemon.ts';

const stage = useAttackStage();
const { send } = attackRequests(stage);

test('a version id or upload id of another bucket → none of one’s own', async () => {
  for (const id of [...stage().versionIds, 'null', '0', '%00', '*', "1' OR '1'='1", '../treasure']) {
    const query = [['versionId', encodeURIComponent(id)]] as const;
    expectRepelled({ ...(await send({ path: `/${yard}/secret`, query })), status: 404 });
    expectRepelled(
      await send({
        method: 'PUT',
        path: `/${yard}/stolen`,
        headers: { 'x-amz-copy-source': `/${treasure}/secret?versionId=${id}` },
      }),
    );
  }
  const { uploadId } = stage();
  for (const key of ['growing', 'grass', 'stolen']) {
    const query = [['uploadId', uploadId]] as const;
    const part = [['partNumber', '1'], ...query] as const;
    expectRepelled(await send({ path: `/${yard}/${key}`, query }));
    expectRepelled(await send({ method: 'PUT', path: `/${yard}/${key}`, query: part, body: 'x' }));
    expectRepelled(await send({ method: 'DELETE', path: `/${yard}/${key}`, query }));
    const body =
      '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>';
    expectRepelled(await send({ method: 'POST', path: `/${yard}/${key}`, query, body }));
  }
});

test('what is not one’s own, by each operation that names it → refused', async () => {
  const { uploadId, versionIds } = stage();
  const upload = [['uploadId', uploadId]] as const;
  for (const key of [alice, mallory, stranger]) {
    for (const [method, path, query] of [
      ['GET', `/${treasure}/secret`, []],
      ['HEAD', `/${treasure}/secret`, []],
      ['GET', `/${treasure}/secret`, [['versionId', versionIds[0]]]],
      ['GET', `/${treasure}/secret`, [['acl', '']]],
      ['GET', `/${treasure}/secret`, [['tagging', '']]],
      ['GET', `/${treasure}/growing`, upload],
      ['PUT', `/${treasure}/growing`, [['partNumber', '1'], ...upload]],
      ['DELETE', `/${treasure}/growing`, upload],
      ['DELETE', `/${treasure}/secret`, [['versionId', versionIds[0]]]],
      ['GET', `/${treasure}`, []],
      ['GET', `/${treasure}`, [['versions', '']]],
      ['GET', `/${treasure}`, [['uploads', '']]],
      ['GET', `/${treasure}`, [['policy', '']]],
      ['DELETE', `/${treasure}`, [['policy', '']]],
      ['DELETE', `/${treasure}`, []],
      ['PUT', `/${treasure}`, []],
    ] as const) {
      const answer = await send({ method, path, query, key });
      expect(answer.status, `${method} ${path} ${JSON.stringify(query)}`).toBeGreaterThanOrEqual(403);
      expectRepelled(answer);
    }
    const body = '<Delete><Object><Key>secret</Key></Object></Delete>';
    const answer = await send({ method: 'POST', path: `/${treasure}`, query: [['delete', '']], body, key });
    expect(answer.body).not.toContain('<Deleted>');
  }
});

test('a page’s token of another bucket → no key of it', async () => {
  const listing = await send({
    path: `/${treasure}`,
    query: [
      ['list-type', '2'],
      ['max-keys', '1'],
      ['prefix', ''],
    ],
    key: rootKey,
  });
  const token = /<NextContinuationToken>([^<]+)/.exec(listing.body)?.[1] ?? Buffer.from('secret').toString('base64');
  const answer = await send({
    path: `/${yard}`,
    query: [
      ['list-type', '2'],
      ['continuation-token', encodeURIComponent(token)],
    ],
  });
  expect(answer.body).not.toContain('<Key>secret');
});

test('who one is → is never taken from what one says', async () => {
  const sts = new STSClient({ endpoint: stage().daemon.endpoint, region, credentials: mallory, maxAttempts: 1 });
  const found = await sts.send(new GetCallerIdentityCommand({}));
  expect(found.Arn).toBe(`arn:aws:iam::${ownAccount}:user/mallory`);
  for (const name of [
    'x-amz-principal',
    'x-amz-user',
    'x-forwarded-user',
    'remote-user',
    'x-amz-account-id',
    'x-ninefold-user',
  ]) {
    expectRepelled(await send({ path: `/${treasure}/secret`, headers: { [name]: 'root' }, key: mallory }));
  }
});
