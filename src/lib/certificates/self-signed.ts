/**
 * Certificates that vouch for themselves: of servers on `localhost`, which clients trust once they are given the file, and of whoever signs messages. Node has
 * no builder of certificates. Writing one of a fixed form takes the few functions of `der.ts` and what node:crypto signs and
 * exports; libraries for it bring a dozen packages, most of them for reading, which is the part that needs care.
 * https://www.rfc-editor.org/rfc/rfc5280
 */
import { createHash, generateKeyPair, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { randomHex } from '../ids.ts';
import {
  bitString,
  boolean,
  integer,
  nothing,
  objectId,
  octetString,
  sequence,
  set,
  tagged,
  time,
  utf8String,
} from './der.ts';

export interface SelfSignedOptions {
  /** Host names, which may begin with `*.`, and addresses; the first is the certificate's own. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Both in PEM. */
export interface SelfSigned {
  readonly certificate: string;
  readonly key: string;
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** Of signatures with it. */
  readonly algorithm: Buffer;
}

const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'));
const rsaWithSha256 = sequence(objectId('1.2.840.113549.1.1.11'), nothing);
const rsaBits = 2048;

export function makeSelfSigned(options: SelfSignedOptions): SelfSigned {
  return certified({ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }), algorithm: ecdsaWithSha256 }, options);
}

/** For those whose clients know RSA alone. Its keys take so long to make that a thread does it. */
export async function makeRsaSelfSigned(options: SelfSignedOptions): Promise<SelfSigned> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: rsaBits });
  return certified({ ...pair, algorithm: rsaWithSha256 }, options);
}

function certified(
  { publicKey, privateKey, algorithm }: KeyPair,
  { names, notBeforeMs, notAfterMs }: SelfSignedOptions,
): SelfSigned {
  const name = sequence(set(sequence(objectId('2.5.4.3'), utf8String(names[0] ?? 'localhost'))));
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    // Positive, and without leading zeros.
    integer(Buffer.from(`7${randomHex(16).slice(1)}`, 'hex')),
    algorithm,
    name,
    sequence(time(notBeforeMs), time(notAfterMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions(names, publicKey))),
  );
  const certificate = sequence(body, algorithm, bitString(sign('sha256', body, privateKey)));
  return {
    certificate: pem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Without a key usage, which would have to say that it signs certificates: its own. */
function extensions(names: readonly string[], publicKey: KeyObject): readonly Buffer[] {
  const keyId = createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
  const serverAuthentication = objectId('1.3.6.1.5.5.7.3.1');
  return [
    extension('2.5.29.19', sequence(), true),
    extension('2.5.29.37', sequence(serverAuthentication)),
    extension('2.5.29.17', sequence(...names.map(alternativeName))),
    extension('2.5.29.14', octetString(keyId)),
    extension('2.5.29.35', sequence(tagged(0, keyId, true))),
  ];
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(objectId(id), ...(isCritical ? [boolean(true)] : []), octetString(value));
}

function alternativeName(name: string): Buffer {
  return isIP(name) === 0 ? tagged(2, Buffer.from(name), true) : tagged(7, addressBytes(name), true);
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groupsOf = (part: string | undefined) => (part ? part.split(':') : []);
  const [before, after] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
