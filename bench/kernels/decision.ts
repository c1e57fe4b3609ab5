/** Whether a user with ten policies may read an object: what every request asks. */

import { rootIdentity } from '../../src/iam/identity.ts';
import { decide } from '../../src/iam/policy/decide.ts';
import { permissionsOf } from '../../src/iam/policy/permissions.ts';
import { type RequestFacts, requestContext } from '../../src/s3/access/request-context.ts';
import { limitedUserPolicies } from '../server/limited-user.ts';
import type { Kernel, Loop } from './kernel.ts';

const bucket = 'photos';
const keys = Array.from({ length: 100 }, (_, index) => `arn:aws:s3:::${bucket}/2026/11/holiday-${index}.jpg`);
const user = { ...rootIdentity({ id: '000000000000', displayName: 'team' }), kind: 'user', name: 'limited' } as const;

function decisionLoop(): Loop {
  const identity = limitedUserPolicies(bucket).map(({ name, document }) => ({
    name,
    document: JSON.stringify(document),
  }));
  const permissions = permissionsOf({ identity });
  const facts: RequestFacts = {
    ...{ requestId: 'r', identity: user, nowMs: Date.UTC(2026, 10, 27), sourceIp: '127.0.0.1', tlsVersion: undefined },
    ...{ header: () => undefined, query: () => undefined, isSecure: false, signature: undefined, region: 'us-east-1' },
  };
  const asked = { principal: user, permissions, action: 's3:GetObject', resourceAccountId: user.accountId };
  return (times) => {
    for (let i = 0; i < times; i++) {
      for (const resource of keys) {
        const context = requestContext(facts, asked);
        if (decide({ ...asked, resource, context }).outcome !== 'allow') throw new Error('not allowed');
      }
    }
  };
}

/** The same resources held against forty patterns by the platform's regular expressions, with nothing else asked. */
function patternLoop(): Loop {
  const patterns = Array.from({ length: 40 }, (_, index) => new RegExp(`^arn:aws:s3:::${bucket}-${index}/.*$`, 's'));
  return (times) => {
    for (let i = 0; i < times; i++) {
      for (const resource of keys) {
        for (const pattern of patterns) if (pattern.test(resource)) throw new Error('a pattern fits');
      }
    }
  };
}

export const decisionKernel: Kernel = {
  name: 'kernel-decision',
  title: '100 decisions by ten policies',
  limitIs: 'forty regular expressions each',
  open: () => ({ run: decisionLoop(), limit: patternLoop() }),
};
