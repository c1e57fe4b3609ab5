/** Routes and bodies of the operator's interface: request → route and parameters, or the refusal. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Refusal } from './requests.ts';
import { findRoute, type Route, readBody } from './routes.ts';

const run = async () => undefined;
const routes: readonly Route[] = [
  { method: 'GET', path: 'disks', run },
  { method: 'POST', path: 'disks', run },
  { method: 'POST', path: 'disks/:id/drain', run },
  { method: 'DELETE', path: 'disks/:id', run },
];

function refusal(attempt: () => unknown): object {
  try {
    attempt();
  } catch (error) {
    if (error instanceof Refusal) return error.answer();
    throw error;
  }
  throw new Error('it was not refused');
}

test('path with an id, also one that is a path itself → decoded', () => {
  const found = findRoute(routes, { method: 'POST', path: 'disks/%2Fsrv%2Fdisk%201/drain' });
  expect(found).toEqual({ route: routes[2], parameters: { id: '/srv/disk 1' } });
});

test('unknown path → 404, wrong method → 405 with those allowed, broken escape → 400', () => {
  for (const path of ['', 'disk', 'disks/', 'disks//drain', 'disks/a/drain/', 'DISKS']) {
    expect(refusal(() => findRoute(routes, { method: 'POST', path }))).toMatchObject({ status: 404 });
  }
  expect(refusal(() => findRoute(routes, { method: 'PUT', path: 'disks' }))).toMatchObject({
    status: 405,
    headers: { allow: 'GET, POST' },
  });
  expect(refusal(() => findRoute(routes, { method: 'DELETE', path: 'disks/%zz' }))).toMatchObject({ status: 400 });
});

test('body → as the schema has it; else 400 with the member that is wrong', () => {
  const schema = z.strictObject({ zone: z.string(), place: z.strictObject({ path: z.string().min(1) }) });
  const good = { zone: 'a', place: { path: 'p' } };
  expect(readBody(JSON.stringify(good), schema)).toEqual(good);
  const member = (body: object) => Object(refusal(() => readBody(JSON.stringify(body), schema))).body.member;
  expect(member({ zone: 1, place: { path: 'p' } })).toBe('zone');
  expect(member({ zone: 'a', place: { path: '' } })).toBe('place.path');
  expect(member({ ...good, extra: 1 })).toBe('extra');
  expect(member({ ...good, place: { path: 'p', extra: 1 } })).toBe('place.extra');
  expect(member([])).toBeUndefined();
  expect(refusal(() => readBody('{', schema))).toMatchObject({
    status: 400,
    body: { code: 'InvalidInput', message: expect.stringMatching(/^The body must be JSON/) },
  });
});
