/** For which hosts a request may have been signed, and how links to it begin. */
import { describe, expect, test } from 'vitest';
import { hostSuffixes } from '../addressing.ts';
import { isEndpoint, namesBucket, PublicEndpoints } from './public-endpoints.ts';

const suffixes = hostSuffixes(['s3.example.org', 'inner']);
const endpoints = new PublicEndpoints(
  ['https://s3.example.org', 'http://Cdn.example.com:8080/', 'bare.example'],
  suffixes,
);
const besides = (host: string, receivedHost = host) => endpoints.besides({ host, receivedHost });

describe('hosts beside that of the request', () => {
  test('one without a bucket → every endpoint', () => {
    expect(besides('127.0.0.1:9000')).toEqual(['s3.example.org', 'cdn.example.com:8080', 'bare.example']);
  });

  test('one that is an endpoint → the others', () => {
    expect(besides('s3.example.org')).toEqual(['cdn.example.com:8080', 'bare.example']);
  });

  test('one that names a bucket → the same bucket, under endpoints that are domains', () => {
    expect(besides('photos.inner:9000')).toEqual(['photos.s3.example.org']);
  });

  test('a proxy has replaced Host, for one of the same bucket → that one too; of another bucket → not', () => {
    expect(besides('photos.inner', 'photos.localhost')).toEqual(['photos.localhost', 'photos.s3.example.org']);
    expect(besides('photos.inner', 'other.localhost')).toEqual(['photos.s3.example.org']);
    expect(besides('photos.inner', '10.0.0.1')).toEqual(['photos.s3.example.org']);
  });

  test('no endpoints → none', () => {
    expect(new PublicEndpoints([], suffixes).besides({ host: 'a', receivedHost: 'a' })).toEqual([]);
  });
});

test.for([
  ['s3.example.org', false, 'https://s3.example.org'],
  ['photos.s3.example.org', false, 'https://photos.s3.example.org'],
  ['cdn.example.com:8080', true, 'http://cdn.example.com:8080'],
  ['bare.example', true, 'https://bare.example'],
  ['127.0.0.1:9000', false, 'http://127.0.0.1:9000'],
  ['notcdn.example.com:8080', true, 'https://notcdn.example.com:8080'],
] as const)('a link for %s (by TLS: %s) → %s', ([host, isSecure, origin]) => {
  expect(endpoints.originOf({ host, isSecure })).toBe(origin);
});

test('what names an endpoint', () => {
  const good = ['https://a.example', 'http://a:1/', 'a.example', 'a:9000', '[::1]:9000', '10.0.0.1'];
  const bad = ['', 'ftp://a', 'https://', 'https://a/path', 'a/b', 'https://a?x', 'https://u@a', 'a b', 'a:99999'];
  expect(good.filter((name) => !isEndpoint(name))).toEqual([]);
  expect(bad.filter(isEndpoint)).toEqual([]);
  expect(['photos.s3.example.org', 'https://a.localhost'].every((name) => namesBucket(name, suffixes))).toBe(true);
  expect(namesBucket('https://s3.example.org', suffixes)).toBe(false);
});
