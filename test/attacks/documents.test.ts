/** Attacks by documents: policies with members of objects, bombs of XML and JSON, and patterns that take for ever. */
import { describe, expect, test } from 'vitest';
import { attackRequests } from '../support/attack-requests.ts';
import { expectRepelled, mallory, treasure, useAttackStage, yard } from '../support/attack-stage.ts';
import { rootKey } from '../support/daemon.ts';
import type { RawAnswer } from '../support/raw-http.ts';

const stage = useAttackStage();
const { send, sendForm } = attackRequests(stage);
const members = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'];

describe('policies with names that objects have', () => {
  test.for([
    '{"Version":"2012-10-17","__proto__":{"Statement":[]}}',
    '{"Version":"2012-10-17","Statement":[{"__proto__":{"Effect":"Allow"},"Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::treasure/*"}]}',
    '{"Version":"2012-10-17","Statement":[{"constructor":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::treasure/*"}]}',
    ...members.flatMap((name) => [
      policyWith({ Effect: name }),
      policyWith({ Principal: { [name]: '*' } }),
      policyWith({ Condition: { [name]: { 'aws:SourceIp': '0.0.0.0/0' } } }),
      policyWith({ [name]: 'x' }),
    ]),
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"__proto__":{"AWS":"*"}},"Action":"s3:*","Resource":"arn:aws:s3:::treasure/*"}]}',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::treasure/*","Condition":{"__proto__":{}}}]}',
  ])('the policy %s → refused', async (body) => {
    expectRepelled(await putPolicy(body));
    expectRepelled(
      await sendForm(
        'iam',
        `Action=PutUserPolicy&Version=2010-05-08&UserName=mallory&PolicyName=p&PolicyDocument=${encodeURIComponent(body)}`,
      ),
    );
  });
});

function policyWith(more: Readonly<Record<string, unknown>>): string {
  const statement = { Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::treasure/*' };
  // JSON.stringify drops no member of its own, `__proto__` among them, where it is defined and not set.
  const entries = [...Object.entries(statement).filter(([name]) => !(name in more)), ...Object.entries(more)];
  return `{"Version":"2012-10-17","Statement":[{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}]}`;
}

const putPolicy = (body: string | Uint8Array): Promise<RawAnswer> =>
  send({ method: 'PUT', path: `/${treasure}`, query: [['policy', '']], body, key: rootKey });

describe('documents that are bombs', () => {
  const tagging = (inner: string): string => `<Tagging><TagSet>${inner}</TagSet></Tagging>`;
  const bombs: readonly (readonly [string, string])[] = [
    [
      'entities of entities',
      `<!DOCTYPE x [<!ENTITY a "${'a'.repeat(1000)}"><!ENTITY b "${'&a;'.repeat(1000)}">]>${tagging('<Tag><Key>&b;</Key></Tag>')}`,
    ],
    [
      'an entity of a file',
      `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>${tagging('<Tag><Key>&f;</Key><Value>x</Value></Tag>')}`,
    ],
    ['a document type elsewhere', `<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">${tagging('')}`],
    ['a document type in lower case', `<!doctype x [<!ENTITY a "b">]>${tagging('<Tag><Key>&a;</Key></Tag>')}`],
    ['parameter entities', `<!DOCTYPE x [<!ENTITY % a "<!ENTITY b 'c'>">%a;]>${tagging('<Tag><Key>&b;</Key></Tag>')}`],
    ['a depth of 100,000', '<Tagging>'.repeat(100_000)],
    ['a width of 150,000', tagging('<Tag><Key>k</Key><Value>v</Value></Tag>'.repeat(150_000))],
    ['100,000 attributes', `<Tagging ${Array.from({ length: 100_000 }, (_, i) => `a${i}="b"`).join(' ')}/>`],
    ['an attribute of 1 MB', `<Tagging a="${'b'.repeat(1_000_000)}"><Nothing/></Tagging>`],
    ['a name of 1 MB', `<${'T'.repeat(1_000_000)}/>`],
    ['a comment of 1 MB that does not end', `<Tagging><!--${'-'.repeat(1_000_000)}</Tagging>`],
    ['a CDATA of 1 MB that does not end', `<Tagging><![CDATA[${']'.repeat(1_000_000)}</Tagging>`],
    ['instructions', `${'<?php system("id") ?>'.repeat(10_000)}<Nothing/>`],
    ['another stylesheet', '<?xml-stylesheet href="http://127.0.0.1:1/x.xsl"?><Nothing/>'],
    [
      'an inclusion',
      '<Tagging xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/></Tagging>',
    ],
    ['UTF-16', Buffer.from(`\ufeff${tagging('')}`, 'utf16le').toString('latin1')],
  ];

  test.for(bombs)('%s → refused, and others are answered soon', async ([, body]) => {
    const bombed = send({ method: 'PUT', path: `/${treasure}`, query: [['tagging', '']], body, key: rootKey });
    const answer = await bombed;
    expectRepelled(answer);
    expect(answer.body).not.toContain('root:');
    expect((await send({ path: `/${yard}/grass` })).body).toBe('grass');
  });

  test.for([
    ['a policy above 20 KiB', policyWith({ Sid: 'x'.repeat(21_000) })],
    [
      'lists in lists',
      policyWith({ Principal: { AWS: 'PLACE' } }).replace('"PLACE"', `${'['.repeat(9000)}${']'.repeat(9000)}`),
    ],
    [
      'objects in objects',
      policyWith({ Condition: 'PLACE' }).replace('"PLACE"', `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`),
    ],
    [
      'lists in lists, without end',
      policyWith({ Resource: 'PLACE' }).replace('"PLACE"', `${'['.repeat(60_000)}${']'.repeat(60_000)}`),
    ],
    [
      'principals in principals',
      policyWith({ Principal: 'PLACE' }).replace('"PLACE"', `${'{"AWS":'.repeat(20_000)}1${'}'.repeat(20_000)}`),
    ],
    ['nothing but brackets', '['.repeat(20_000)],
    ['a policy that does not end', `{"Version":${'"'.repeat(1)}${'x'.repeat(20_000)}`],
    [
      'a number beyond numbers',
      policyWith({ Condition: { NumericEquals: { 's3:max-keys': 'PLACE' } } }).replace('"PLACE"', '1e999'),
    ],
    ['half a character', `${policyWith({}).slice(0, -1)},"Id":"\\ud800"}x`],
  ] as const)('%s as a policy → refused', async ([, body]) => {
    expectRepelled(await putPolicy(body));
    // Brackets as they are, so that the form holds as many as it can.
    const document = encodeURIComponent(body)
      .replaceAll('%5B', '[')
      .replaceAll('%5D', ']')
      .replaceAll('%7B', '{')
      .replaceAll('%7D', '}')
      .replaceAll('%3A', ':')
      .replaceAll('%22', '"');
    expectRepelled(
      await sendForm(
        'iam',
        `Action=PutUserPolicy&Version=2010-05-08&UserName=mallory&PolicyName=p&PolicyDocument=${document}`,
      ),
    );
    expectRepelled(await sendForm('sts', `Action=GetFederationToken&Version=2011-06-15&Name=me&Policy=${document}`));
  });

  test('a form above its limit, of countless or of endless parameters → refused', async () => {
    expectRepelled(await sendForm('iam', `Action=GetUser&Version=2010-05-08&UserName=${'x'.repeat(300_000)}`));
    const many = Array.from({ length: 20_000 }, (_, i) => `a.${i}=`).join('&');
    expectRepelled(await sendForm('iam', `Action=GetUser&Version=2010-05-08&UserName=nobody&${many}`));
    expectRepelled(await sendForm('iam', `Action=GetUser&Version=2010-05-08&UserName=nobody&${'a.'.repeat(50_000)}=`));
  });

  test('a pattern full of wildcards against a long key → answered soon', async () => {
    const Resource = `arn:aws:s3:::${yard}/${'*a'.repeat(900)}*b`;
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:*', Resource }],
    });
    const named = 'Version=2010-05-08&UserName=mallory&PolicyName=stars';
    const put = await sendForm('iam', `Action=PutUserPolicy&${named}&PolicyDocument=${encodeURIComponent(document)}`);
    expect(put.status, put.body).toBe(200);
    const startedMs = performance.now();
    for (let i = 0; i < 10; i++) expectRepelled(await send({ path: `/${yard}/${'a'.repeat(1000)}`, key: mallory }));
    // Where every way were tried it would be years; a busy machine may take seconds.
    expect(performance.now() - startedMs).toBeLessThan(30_000);
    expect((await sendForm('iam', `Action=DeleteUserPolicy&${named}`)).status).toBe(200);
  });
});
