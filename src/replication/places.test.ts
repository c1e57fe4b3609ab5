import { expect, test } from 'vitest';
import { type Place, pathOf, redirectOf } from './places.ts';

const place: Place = { origin: new URL('https://s3.example.org:9000'), region: 'us-east-1', pathStyle: true };
const bucket = 'photos';
const answer = (status: number, headers: Record<string, string> = {}, text = '') => ({ status, headers, text });

test.each<[string, Partial<Place>, string, string]>([
  ['in the path', {}, 's3.example.org:9000', '/photos/a//b/%C3%BC%2B/..'],
  ['in the host', { pathStyle: false }, 'photos.s3.example.org:9000', '/a//b/%C3%BC%2B/..'],
])('a bucket that is named %s → there, with the key as it is', (_, different, host, path) => {
  const { origin, rawPath } = pathOf({ ...place, ...different }, { bucket, key: 'a//b/ü+/..' });
  expect([origin.host, rawPath]).toEqual([host, path]);
});

test.each<[string, Parameters<typeof redirectOf>[0], Partial<Place> | undefined]>([
  ['what is no redirect', answer(200, { location: 'https://other.example.org' }), undefined],
  [
    'a host',
    answer(307, { location: 'https://other.example.org/photos/k?x=y' }),
    { origin: new URL('https://other.example.org') },
  ],
  [
    'the host of the bucket',
    answer(307, { location: 'https://photos.eu.example.org/k' }),
    { origin: new URL('https://eu.example.org'), pathStyle: false },
  ],
  [
    'an endpoint in the answer, and a region',
    answer(301, { 'x-amz-bucket-region': 'eu-west-1' }, '<Error><Endpoint>eu.example.org</Endpoint></Error>'),
    { origin: new URL('https://eu.example.org'), region: 'eu-west-1' },
  ],
  ['a region alone', answer(301, { 'x-amz-bucket-region': 'eu-west-1' }), { region: 'eu-west-1' }],
  ['where it was', answer(301), undefined],
  ['clear text', answer(307, { location: 'http://other.example.org' }), undefined],
  ['nonsense', answer(307, { location: 'http://[' }), undefined],
])('redirected to %s', (_, given, different) => {
  const expected = different === undefined ? undefined : { ...place, ...different };
  expect(redirectOf(given, { bucket, place })).toEqual(expected);
});
