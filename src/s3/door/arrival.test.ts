/** Who sent a request, by what its connection and its headers say: condition → result. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { AddressList } from './address-list.ts';
import { arrivalReader } from './arrival.ts';

type Headers = Readonly<Record<string, string>>;

function request(from: string, headers: Headers): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: from });
  const message = new IncomingMessage(socket);
  Object.assign(message.headers, { host: 'inner:9000', ...headers });
  return message;
}

const read = arrivalReader(new AddressList(['10.0.0.0/8', '192.0.2.1', 'fd00::/8']));
const addressOf = (from: string, forwardedFor: string) =>
  read(request(from, { 'x-forwarded-for': forwardedFor })).address;
const everything = { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'outer' };

describe('a connection from an address that is not trusted', () => {
  test.for(['198.51.100.1', '192.0.2.2', '11.0.0.1', 'fe80::1'])('%s → whatever the headers say is ignored', (from) => {
    expect(read(request(from, everything))).toMatchObject({ address: from, host: 'inner:9000', isSecure: false });
  });

  test('no proxy is trusted at all → ignored', () => {
    const arrival = arrivalReader(new AddressList([]))(request('10.0.0.1', everything));
    expect(arrival).toMatchObject({ address: '10.0.0.1', host: 'inner:9000', isSecure: false });
  });
});

describe('a connection from a trusted proxy', () => {
  test.for(['10.1.2.3', '192.0.2.1', '::ffff:10.1.2.3', 'fd00::17'])('%s → its headers count', (from) => {
    expect(read(request(from, everything))).toMatchObject({
      address: '1.2.3.4',
      host: 'outer',
      receivedHost: 'inner:9000',
      isSecure: true,
      tlsVersion: undefined,
    });
  });

  test('no headers of a proxy → as any other', () => {
    expect(read(request('10.0.0.1', {}))).toMatchObject({ address: '10.0.0.1', host: 'inner:9000', isSecure: false });
  });

  test.for([
    ['1.2.3.4', '1.2.3.4'],
    ['6.6.6.6, 1.2.3.4', '1.2.3.4'],
    ['6.6.6.6, 1.2.3.4, 10.0.0.2', '1.2.3.4'],
    ['6.6.6.6,1.2.3.4 ,10.0.0.2,fd00::1', '1.2.3.4'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['1.2.3.4:4711', '1.2.3.4'],
    ['1.2.3.4, unknown, 10.0.0.2', '10.0.0.2'],
    ['1.2.3.4, 10.0.0.0/8', '10.0.0.1'],
    ['nonsense', '10.0.0.1'],
    ['', '10.0.0.1'],
  ] as const)('X-Forwarded-For: %s → %s', ([header, address]) => {
    expect(addressOf('10.0.0.1', header)).toBe(address);
  });

  test('several values of protocol and host → what the proxy itself added, the last', () => {
    const headers = { 'x-forwarded-proto': 'https, http', 'x-forwarded-host': 'evil, outer:8443' };
    expect(read(request('10.0.0.1', headers))).toMatchObject({ isSecure: false, host: 'outer:8443' });
  });
});
