import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { Admission, type AdmissionLimits } from './admission.ts';
import { clientOf } from './client-address.ts';

const clock = { nowMs: () => 0 };
const slowDown = expect.objectContaining({ code: 'SlowDown', status: 503 });

/** Lets requests in from an address; `leave` closes the response of one. */
function door(limits: Partial<AdmissionLimits>) {
  const admission = new Admission({ requestsMax: 1000, ...limits }, clock);
  const enter = (address = '10.0.0.1') => {
    const response = new EventEmitter();
    const arrival = { address, host: 'h', receivedHost: 'h', isSecure: false, tlsVersion: undefined };
    admission.enter(arrival, response as ServerResponse);
    return { leave: () => response.emit('close') };
  };
  return { admission, enter };
}

describe('requests at once', () => {
  test('more than all together may be → SlowDown, until one has left', () => {
    const { enter } = door({ requestsMax: 2 });
    enter('10.0.0.1');
    const second = enter('10.0.0.2');
    expect(() => enter('10.0.0.3')).toThrow(slowDown);
    second.leave();
    enter('10.0.0.3');
  });

  test('more than an address may have → SlowDown for it, and for nobody else', () => {
    const { enter } = door({ requestsPerAddressMax: 2 });
    const [first] = [enter('10.0.0.1'), enter('::ffff:10.0.0.1')];
    expect(() => enter('10.0.0.1')).toThrow(slowDown);
    enter('10.0.0.2');
    first.leave();
    enter('10.0.0.1');
    expect(() => enter('10.0.0.1')).toThrow(slowDown);
  });

  test('refused by rate → takes no place', () => {
    const { enter } = door({ requestsMax: 1, address: { perSecond: 1, burst: 1 } });
    enter('10.0.0.1').leave();
    expect(() => enter('10.0.0.1')).toThrow(slowDown);
    enter('10.0.0.2');
  });
});

describe('by prefix', () => {
  const { admission } = door({ prefix: { writesPerSecond: 1, readsPerSecond: 2 } });
  const ask = (method: string, key: string, bucket = 'b') =>
    admission.admitPrefix(method, { bucket, key, query: new Map() });

  test('reads and writes of what begins alike → each its own number; elsewhere → not counted', () => {
    ask('GET', 'a/1');
    ask('HEAD', 'a/2/3');
    expect(() => ask('GET', 'a/')).toThrow(slowDown);
    ask('PUT', 'a/1');
    for (const method of ['PUT', 'POST', 'DELETE']) expect(() => ask(method, 'a/9')).toThrow(slowDown);
    ask('GET', 'b/1');
    ask('GET', 'a');
    ask('GET', 'a/1', 'other');
  });
});

test.for([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', '20010db800010002::'],
  ['2001:db8:1:2:ffff::1', '20010db800010002::'],
  ['::1', '0::'],
] as const)('address %s → counted as %s', ([address, client]) => {
  expect(clientOf(address)).toBe(client);
});
test('networks next to each other → counted apart', () => {
  expect(clientOf('2001:db8:1:2::1')).not.toBe(clientOf('2001:db8:1:3::1'));
});
