/** What every request goes through: which operation it means, and whether its signature is right. */
import { createHmac, hash } from 'node:crypto';
import { rootIdentity } from '../../src/iam/identity.ts';
import { groupHeaders } from '../../src/lib/sigv4/canonical-request.ts';
import { hostSuffixes, parseTarget } from '../../src/s3/addressing.ts';
import { authenticate } from '../../src/s3/auth/authenticate.ts';
import { route } from '../../src/s3/model/router.ts';
import type { Endpoint } from '../load/messages.ts';
import { HeadSigner } from '../load/signed-head.ts';
import type { Kernel, Loop } from './kernel.ts';

const endpoint: Endpoint = {
  host: '127.0.0.1',
  port: 9000,
  region: 'us-east-1',
  accessKeyId: 'NINEFOLDBENCHKEY',
  secretAccessKey: 'bench-secret-of-forty-characters-in-all',
};
const target = '/photos/2026/11/holiday-0001.jpg';
const payload = hash('sha256', '', 'hex');
/** The time by which the request is signed and verified. */
const nowMs = Date.UTC(2026, 10, 24, 12);

/** Names and values of a signed request's headers as node:http gives them. */
function rawHeaders(): string[] {
  const set = { method: 'GET', targets: [target], bodyBytes: 0, isBodySigned: true } as const;
  const head = new HeadSigner(endpoint, new Date(nowMs)).sign(set, { target, payload }).toString('latin1');
  const lines = head.trimEnd().split('\r\n').slice(1);
  return lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
}

function verifyLoop(): Loop {
  const headers = rawHeaders();
  const identity = rootIdentity({ id: '000000000000', displayName: 'root' });
  const options = {
    findSecret: () => ({ secret: endpoint.secretAccessKey, identity }),
    region: endpoint.region,
    nowMs,
  };
  return (times) => {
    for (let i = 0; i < times; i++) {
      authenticate({ method: 'GET', rawPath: target, rawQuery: '', headers: groupHeaders(headers) }, options);
    }
  };
}

/** A hash of the canonical request and an HMAC of the string to sign, of typical lengths. */
function bareSignature(): Loop {
  const canonical = 'c'.repeat(300);
  const stringToSign = 's'.repeat(140);
  const key = Buffer.alloc(32, 'key');
  return (times) => {
    for (let i = 0; i < times; i++) {
      hash('sha256', canonical, 'hex');
      createHmac('sha256', key).update(stringToSign).digest();
    }
  };
}

function routeLoop(): Loop {
  const suffixes = hostSuffixes([]);
  const urls = [target, '/photos?list-type=2&prefix=2026%2F&delimiter=%2F', `${target}?uploadId=abc&partNumber=7`];
  const headers = { host: '127.0.0.1:9000' };
  return (times) => {
    for (let i = 0; i < times; i++) {
      for (const url of urls) {
        const { kind, query } = parseTarget({ url, host: headers.host }, suffixes);
        if (route({ method: 'GET', target: kind, query, headers }).kind !== 'operation')
          throw new Error('no operation');
      }
    }
  };
}

/** The platform's own parser of the same three, which knows nothing of operations. */
function urlLoop(): Loop {
  const urls = [target, '/photos?list-type=2&prefix=2026%2F&delimiter=%2F', `${target}?uploadId=abc&partNumber=7`];
  return (times) => {
    for (let i = 0; i < times; i++) {
      for (const url of urls) {
        if (new URL(url, 'http://127.0.0.1:9000').searchParams.get('prefix') === '') throw new Error('no prefix');
      }
    }
  };
}

export const requestKernels: readonly Kernel[] = [
  {
    name: 'kernel-signature',
    title: 'Signature of a request verified',
    limitIs: 'its hash and HMAC alone',
    open: () => ({ run: verifyLoop(), limit: bareSignature() }),
  },
  {
    name: 'kernel-routing',
    title: 'Operations of three requests found',
    limitIs: 'new URL with its parameters',
    open: () => ({ run: routeLoop(), limit: urlLoop() }),
  },
];
