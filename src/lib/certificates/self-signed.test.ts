import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeRsaSelfSigned, makeSelfSigned } from './self-signed.ts';

const names = ['localhost', '*.s3.localhost', '127.0.0.1', '::1', 'fd00::a:b', 's3.example.org'];
const hour = 3_600_000;

test('made → an X.509 certificate for all names, which its own key has signed', () => {
  const notBeforeMs = Date.UTC(2026, 10, 27, 12, 0, 0);
  const made = makeSelfSigned({ names, notBeforeMs, notAfterMs: notBeforeMs + hour });
  const certificate = new X509Certificate(made.certificate);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(made.key))).toBe(true);
  expect(certificate.checkIssued(certificate)).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(certificate.subject).toBe('CN=localhost');
  expect(certificate.validFromDate.getTime()).toBe(notBeforeMs);
  expect(certificate.validToDate.getTime()).toBe(notBeforeMs + hour);
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  for (const host of ['localhost', 'bucket.s3.localhost', 's3.example.org'])
    expect(certificate.checkHost(host)).toBeTruthy();
  for (const host of ['example.org', 'a.b.s3.localhost', 'x']) expect(certificate.checkHost(host)).toBeUndefined();
  for (const address of ['127.0.0.1', '::1', 'fd00::a:b']) expect(certificate.checkIP(address)).toBe(address);
  expect(certificate.checkIP('127.0.0.2')).toBeUndefined();
});

test('made twice → other keys and numbers', () => {
  const [a, b] = [1, 2].map(() => makeSelfSigned({ names, notBeforeMs: 0, notAfterMs: hour }));
  const serials = [a, b].map((made) => new X509Certificate(made?.certificate ?? '').serialNumber);
  expect(serials[0]).not.toBe(serials[1]);
  expect(a?.key).not.toBe(b?.key);
});

test('valid beyond 2049 → the year in four digits', () => {
  const made = makeSelfSigned({ names, notBeforeMs: 0, notAfterMs: Date.UTC(2051, 1, 3) });
  expect(new X509Certificate(made.certificate).validToDate.getUTCFullYear()).toBe(2051);
});

test('made with RSA → the same, with a key of 2048 bits', async () => {
  const made = await makeRsaSelfSigned({ names: ['example.org'], notBeforeMs: 0, notAfterMs: hour });
  const certificate = new X509Certificate(made.certificate);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(made.key))).toBe(true);
  expect(certificate.publicKey.asymmetricKeyType).toBe('rsa');
  expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
});
