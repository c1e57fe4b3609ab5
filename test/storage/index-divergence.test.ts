/**
 * Copies of the log that hold different histories, made by hand: a zone that ran on its own, one that was put back from a
 * backup, one that is new. Each is told apart or the start is refused in words, and nothing is decided by guess.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FILE_HEADER_BYTES, scanRecords } from '../../src/meta/log/codec.ts';
import type { Index } from '../../src/meta/types.ts';
import { createBucket, everything, IndexFixture, names, put, rejection, ZONES, type Zone } from './index-fixture.ts';

let fixture: IndexFixture;
let index: Index | undefined;
let bucketId: number;

beforeEach(async () => {
  fixture = new IndexFixture({ logFileSizeMaxBytes: 4_000 });
  bucketId = await history((opened) => createBucket(opened));
  await history((opened) => opened.submit(put(bucketId, 'common', 1)));
});
afterEach(async () => {
  await index?.close();
  index = undefined;
  fixture.remove();
});

/** One run of the server, from start to stop. */
async function history<T>(run: (index: Index) => Promise<T>, options = {}): Promise<T> {
  index = await fixture.open(options);
  try {
    return await run(index);
  } finally {
    await index.close();
    index = undefined;
  }
}
async function putKeys(...keys: string[]): Promise<void> {
  await history(async (opened) => {
    for (const [i, key] of keys.entries()) await opened.submit(put(bucketId, key, 10 + i));
  });
}
function keysAt(options = {}): Promise<string[]> {
  return history(
    async (opened) => names(await opened.listObjects(everything(bucketId))).map((name) => name.replace(' null', '')),
    options,
  );
}
/** Runs one history, and then another one from the same beginning; the zones named are left as the first made them. */
async function diverge(zones: readonly Zone[], first: () => Promise<void>, second: () => Promise<void>): Promise<void> {
  const before = join(fixture.folder, 'before');
  const after = join(fixture.folder, 'after-first');
  for (const zone of ZONES) cpSync(fixture.zonePath(zone), join(before, zone), { recursive: true });
  await first();
  for (const zone of zones) cpSync(fixture.zonePath(zone), join(after, zone), { recursive: true });
  for (const zone of ZONES) replace(zone, join(before, zone));
  await second();
  for (const zone of zones) replace(zone, join(after, zone));
}
function replace(zone: Zone, by: string): void {
  rmSync(fixture.zonePath(zone), { recursive: true });
  cpSync(by, fixture.zonePath(zone), { recursive: true });
}
function moveAway(zone: Zone): void {
  renameSync(fixture.zonePath(zone), `${fixture.zonePath(zone)}-away`);
}
function giveBack(zone: Zone): void {
  renameSync(`${fixture.zonePath(zone)}-away`, fixture.zonePath(zone));
}
function logNames(zone: Zone): string[] {
  return readdirSync(join(fixture.zonePath(zone), 'log')).sort();
}
function logContent(zone: Zone): string {
  const folder = join(fixture.zonePath(zone), 'log');
  return logNames(zone)
    .map((name) => `${name} ${readFileSync(join(folder, name), 'base64')}`)
    .join('\n');
}
/** What a zone's copy holds beside its own name, file by file. */
function records(zone: Zone): Map<string, Buffer> {
  const folder = join(fixture.zonePath(zone), 'log');
  const files = logNames(zone).filter((name) => name.endsWith('.log'));
  return new Map(files.map((name) => [name, readFileSync(join(folder, name)).subarray(FILE_HEADER_BYTES)]));
}
/** Changes the bytes of one of a zone's log files. */
function edit(zone: Zone, name: string, change: (bytes: Buffer) => Buffer): void {
  const path = join(fixture.zonePath(zone), 'log', name);
  writeFileSync(path, change(readFileSync(path)));
}

test('one copy has other records of the same epoch than the two others → set aside, and the majority’s history counts', async () => {
  await diverge(
    ['south'],
    () => putKeys('s1', 's2'),
    () => putKeys('a1', 'a2'),
  );
  expect(await keysAt()).toEqual(['a1', 'a2', 'common']);
  expect(logNames('south').filter((name) => name.endsWith('.aside'))).not.toEqual([]);
  fixture.removeDatabases();
  moveAway('north');
  expect(await keysAt()).toEqual(['a1', 'a2', 'common']);
});

test('the copy against the two others is the one with the database → that is set aside too', async () => {
  await diverge(
    ['north'],
    () => putKeys('n1'),
    () => putKeys('a1', 'a2'),
  );
  expect(await keysAt()).toEqual(['a1', 'a2', 'common']);
  expect(await keysAt()).toEqual(['a1', 'a2', 'common']);
});

test('two copies with one record each of one epoch and sequence, the third away → LogDiverged, and nothing is touched', async () => {
  await diverge(
    ['south'],
    () => putKeys('s1'),
    () => putKeys('a1'),
  );
  moveAway('north');
  const before = (['east', 'south'] as const).map(logContent);
  await expect(fixture.open()).rejects.toThrow(
    /different histories: zone (east|south) ends with record 3 .*--trust-zone/,
  );
  expect((['east', 'south'] as const).map(logContent)).toEqual(before);
  giveBack('north');
  expect(await keysAt()).toEqual(['a1', 'common']);
});

test('a copy ran on alone through later epochs, and the others too → LogDiverged, whichever is longer', async () => {
  await diverge(
    ['south'],
    async () => {
      for (const key of ['s1', 's2', 's3']) await putKeys(key);
    },
    () => putKeys('a1', 'a2', 'a3', 'a4'),
  );
  // Its epoch is the largest, so the two that agree are against the leading one.
  expect(await rejection(fixture.open())).toBe('LogDiverged');
});

test.each([
  ['south', ['common', 's1', 's2', 's3']],
  ['north', ['a1', 'a2', 'common']],
] as const)(
  'histories differ and zone %s is named as the right one → its history, in every zone from then on',
  async (trustZone, expected) => {
    await diverge(
      ['south'],
      async () => {
        for (const key of ['s1', 's2', 's3']) await putKeys(key);
      },
      () => putKeys('a1', 'a2'),
    );
    expect(await rejection(fixture.open())).toBe('LogDiverged');
    expect(await keysAt({ choices: { trustZone } })).toEqual(expected);
    expect(await keysAt(), 'with the databases that are left').toEqual(expected);
    for (const zone of ZONES) {
      fixture.removeDatabases();
      moveAway(zone);
      expect(await keysAt(), `without ${zone}`).toEqual(expected);
      giveBack(zone);
    }
  },
);

test('a zone was away when another one was trusted, and comes back with a later epoch of its own → not taken for the truth', async () => {
  await diverge(
    ['south'],
    async () => {
      for (const key of ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8']) await putKeys(key);
    },
    () => putKeys('a1', 'a2'),
  );
  moveAway('south');
  await keysAt({ choices: { trustZone: 'north' } });
  await putKeys('a3');
  giveBack('south');
  expect(await keysAt()).toEqual(['a1', 'a2', 'a3', 'common']);
});

test.each(ZONES)(
  'zone %s is new and another one away → LogQuorumLost: it cannot say that there is nothing',
  async (zone) => {
    await putKeys('a1');
    const [away = 'north', left = 'south'] = ZONES.filter((name) => name !== zone);
    // The zone that is left missed what the one that is away acknowledged with the one that is lost.
    moveAway(left);
    await putKeys('a2');
    giveBack(left);
    moveAway(away);
    rmSync(fixture.zonePath(zone), { recursive: true });
    mkdirSync(fixture.zonePath(zone));
    await expect(fixture.open()).rejects.toThrow(new RegExp(`commit log of ${zone} is not whole.*--trust-zone`));
    giveBack(away);
    expect(await keysAt()).toEqual(['a1', 'a2', 'common'].sort());
  },
);

test('a zone is new, another one lost for good, and the third is named as the right one → it serves, with the new one', async () => {
  moveAway('north');
  rmSync(fixture.zonePath('east'), { recursive: true });
  mkdirSync(fixture.zonePath('east'));
  expect(await rejection(fixture.open())).toBe('LogQuorumLost');
  expect(await keysAt({ choices: { trustZone: 'south' } })).toEqual(['common']);
  await putKeys('more');
  expect(await keysAt()).toEqual(['common', 'more']);
});

test('a first start with a zone that is not there → LogQuorumLost', async () => {
  fixture.remove();
  fixture = new IndexFixture();
  moveAway('south');
  expect(await rejection(fixture.open())).toBe('LogQuorumLost');
});

test.each([1, 2, 3])(
  'a first start was killed when %i zones were promised to the first epoch → the next one starts',
  async (count) => {
    const epoch = readFileSync(join(import.meta.dirname, 'golden', 'index-1', 'epoch.gz'));
    fixture.remove();
    fixture = new IndexFixture();
    for (const zone of ZONES.slice(0, count)) {
      mkdirSync(join(fixture.zonePath(zone), 'log'));
      writeFileSync(join(fixture.zonePath(zone), 'log', 'epoch'), gunzipSync(epoch));
    }
    bucketId = await history((opened) => createBucket(opened));
    await putKeys('a');
    expect(await keysAt()).toEqual(['a']);
  },
);

test('a record of another history lies between those of one copy → it ends before that one, and is set aside', async () => {
  let other = Buffer.of();
  const name = '00000000000000000001.log';
  await diverge(
    [],
    async () => {
      await putKeys('s1', 's2');
      other = readFileSync(join(fixture.zonePath('north'), 'log', name));
    },
    () => putKeys('a1', 'a2'),
  );
  edit('north', name, (bytes) => {
    const end = Array.from(scanRecords(bytes, FILE_HEADER_BYTES)).find(({ sequence }) => sequence === 3)?.end ?? 0;
    return Buffer.concat([other.subarray(0, end), bytes.subarray(end)]);
  });
  fixture.removeDatabases();
  expect(await keysAt()).toEqual(['a1', 'a2', 'common']);
  fixture.removeDatabases();
  moveAway('east');
  expect(await keysAt()).toEqual(['a1', 'a2', 'common']);
});

test('a whole file of one copy is of another history, of the same size → the start is refused, and nothing is mixed', async () => {
  const many = (letter: string): string[] => Array.from({ length: 12 }, (_, i) => `${letter}${i + 10}`);
  let other = Buffer.of();
  const name = '00000000000000000001.log';
  await diverge(
    [],
    async () => {
      await putKeys(...many('s'));
      other = readFileSync(join(fixture.zonePath('north'), 'log', name));
    },
    () => putKeys(...many('a')),
  );
  expect(logNames('north').filter((file) => file.endsWith('.log')).length).toBeGreaterThan(1);
  edit('north', name, (bytes) => {
    expect(other).toHaveLength(bytes.length);
    return other;
  });
  fixture.removeDatabases();
  await expect(fixture.open()).rejects.toThrow('No zone holds log records');
  moveAway('north');
  expect(await keysAt()).toEqual([...many('a'), 'common']);
});

test.each([[['a1']], [['a1', 'a2']]])(
  'a copy ends with a void record as long as the one that took its place, %j since → it is made equal to the others',
  async (keys) => {
    await diverge(
      ['south'],
      () => putKeys('s1'),
      async () => {
        // A run of its own: the epoch is a later one.
        await keysAt();
        await putKeys(...keys);
      },
    );
    const ends = (zone: Zone): number[] =>
      Array.from(scanRecords(records(zone).get('00000000000000000001.log') ?? Buffer.of(), 0), ({ end }) => end);
    expect(ends('south')).toEqual(ends('east').slice(0, 3));
    expect(await keysAt()).toEqual([...keys, 'common']);
    expect(records('south')).toEqual(records('east'));
  },
);

/** Leaves a last record in the copies named only, which no database has. */
async function leaveLastRecord(zones: readonly Zone[]): Promise<void> {
  const others = ZONES.filter((zone) => !zones.includes(zone));
  const before = join(fixture.folder, 'before-last');
  const database = join(fixture.folder, 'database');
  for (const zone of others) cpSync(fixture.zonePath(zone), join(before, zone), { recursive: true });
  cpSync(join(fixture.zonePath('north'), 'index'), database, { recursive: true });
  await putKeys('last');
  for (const zone of others) replace(zone, join(before, zone));
  fixture.removeDatabases();
  cpSync(database, join(fixture.zonePath('north'), 'index'), { recursive: true });
}
const unknown = { isIntact: () => Promise.reject(new Error('3 disks are away')) };

test('nobody can look at the last record’s blobs, and only one of three copies has it → it was never acknowledged: cut', async () => {
  await leaveLastRecord(['south']);
  expect(await keysAt(unknown)).toEqual(['common']);
});

test.each([['east', 'south'] as const, ['south'] as const])(
  'nobody can look at the last record’s blobs, %s have it and one is away → LastRecordUndecided, in words',
  async (...zones) => {
    await leaveLastRecord(zones);
    const index = join(fixture.folder, 'index');
    renameSync(join(fixture.zonePath('north'), 'index'), index);
    moveAway('north');
    cpSync(index, join(fixture.zonePath('east'), 'index'), { recursive: true });
    const before = (['east', 'south'] as const).map(logContent);
    await expect(fixture.open(unknown)).rejects.toThrow(
      /record 3\).*put bucket 1\/last version null.*--last-record drop/s,
    );
    expect((['east', 'south'] as const).map(logContent)).toEqual(before);
    // With the bytes in sight again it is decided by them.
    expect(await keysAt()).toEqual(['common', 'last']);
  },
);

test.each([
  ['keep', ['common', 'last']],
  ['drop', ['common']],
] as const)(
  'nobody can know, and the choice is %s → done, and stays so when the zone comes back',
  async (lastRecord, expected) => {
    await leaveLastRecord(['south', 'north']);
    cpSync(join(fixture.zonePath('north'), 'index'), join(fixture.zonePath('east'), 'index'), { recursive: true });
    moveAway('north');
    expect(await keysAt({ ...unknown, choices: { lastRecord } })).toEqual(expected);
    giveBack('north');
    fixture.removeDatabases();
    expect(await keysAt()).toEqual(expected);
  },
);
