/** `ninefold inspect FILE` on every kind of file, whole and damaged: condition → what is said, exit code. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { run } from '../../src/command-line/run.ts';
import { startDaemon } from '../support/daemon.ts';
import { runNinefold } from '../support/ninefold-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'ninefold-inspect-'));
afterAll(() => rmSync(folder, { recursive: true }));

function golden(path: string): Buffer {
  return gunzipSync(readFileSync(new URL(`golden/${path}.gz`, import.meta.url)));
}

const shardName = 'c20f66cb46be3aa566702b32200669b3.0.shard';
const shard = golden(`version-1/${shardName}`);
const logName = '00000000000000000014.log';
const log = golden(`index-1/${logName}`);
const epoch = golden('index-1/epoch');
const database = golden('index-1/ninefold.sqlite');
const clusterId = '01'.repeat(16);
const identity = { format: 1, clusterId, diskId: '02'.repeat(16), zone: 'zone-a' };

interface Inspected {
  readonly code: number;
  readonly lines: readonly string[];
}

/** Runs the command in this process, on a file of that name with these bytes. */
async function inspect(name: string, bytes: Uint8Array | string, ...options: string[]): Promise<Inspected> {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  const lines: string[] = [];
  const output = {
    print: (text: string) => lines.push(...text.split('\n')),
    complain: (text: string) => lines.push(text),
    isRead: () => true,
  };
  const code = await run(['inspect', file, ...options], output);
  return { code, lines };
}

/** The same, as values: of every part what a program gets. */
async function parts(name: string, bytes: Uint8Array): Promise<readonly Part[]> {
  return (await inspect(name, bytes, '--json')).lines.map((line) => JSON.parse(line));
}

interface Part {
  readonly kind: string;
  readonly offset: number;
  readonly length: number;
  readonly damage: readonly { readonly offset: number; readonly field: string }[];
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 0x10, at);
  return copy;
}

/** Where the first damage is said to be, if there is any. */
async function damageOf(name: string, bytes: Buffer): Promise<{ offset: number; field: string } | undefined> {
  const [first] = (await parts(name, bytes)).flatMap(({ damage }) => damage);
  return first && { offset: first.offset, field: first.field };
}

describe('shard files', () => {
  test('whole → a part for every stripe, from its first byte to its last, exit 0', async () => {
    const { code, lines } = await inspect(shardName, shard);
    expect(code).toBe(0);
    expect(lines[0]).toBe('Shard file: shard 0 of segment c20f66cb46be3aa566702b32200669b3, coded 6+3');
    expect(lines.at(-1)).toBe('Whole');
    const stripes = (await parts(shardName, shard)).filter(({ kind }) => kind === 'stripe');
    expect(stripes.reduce((sum, { length }) => sum + length, 0)).toBe(shard.length);
  });

  test('a flipped bit in any byte of a header → that byte and its field, exit 1', async () => {
    const second = (await parts(shardName, shard)).filter(({ kind }) => kind === 'stripe')[1]?.offset ?? 0;
    for (const start of [0, second]) {
      const found = new Map<string, number>();
      for (let byte = 0; byte < 128; byte++) {
        const damage = await damageOf(shardName, flipped(shard, start + byte));
        expect(damage?.offset).toBe(start + byte);
        found.set(damage?.field ?? '', (found.get(damage?.field ?? '') ?? 0) + 1);
      }
      expect(Object.fromEntries(found)).toMatchObject({ magic: 8, 'segment id': 16, 'checksum of the header': 4 });
    }
    expect((await inspect(shardName, flipped(shard, 44))).lines.slice(1, 3)).toEqual([
      expect.stringMatching(/^0: stripe of \d+ bytes of data/),
      '  damaged at byte 44, data length: one bit of it is flipped',
    ]);
  });

  test('a flipped bit in a block or the directory → named, with the offset; exit 1', async () => {
    const { header } = Object((await parts(shardName, shard)).find(({ kind }) => kind === 'stripe'));
    expect(await damageOf(shardName, flipped(shard, 128))).toMatchObject({ offset: 128, field: /data unit/ });
    expect(await damageOf(shardName, flipped(shard, 128 + header.unit))).toEqual({
      offset: 128 + header.unit,
      field: 'directory unit',
    });
    expect((await inspect(shardName, flipped(shard, 128))).code).toBe(1);
  });

  test('cut off, of another segment by its name, a hole between stripes → each said', async () => {
    const cut = await inspect(shardName, shard.subarray(0, shard.length - 1));
    expect(cut.code).toBe(1);
    expect(cut.lines.at(-2)).toMatch(/cut off: the file ends before its \d+ bytes do/);
    const foreign = await damageOf(`${'ab'.repeat(16)}.3.shard`, shard);
    expect(foreign).toEqual({ offset: 16, field: 'segment id' });
    const holed = await inspect(shardName, Buffer.concat([Buffer.alloc(4096), shard.subarray(0, 0), Buffer.alloc(16)]));
    expect(holed).toEqual({ code: 0, lines: ['0: a hole of 4112 bytes, all zero', 'Whole'] });
  });
});

describe('the commit log', () => {
  test('log file → its zone and every record with its commands; exit 0', async () => {
    const { code, lines } = await inspect(logName, log);
    expect(code).toBe(0);
    expect(lines[0]).toBe(`File of a commit log: zone north, cluster ${clusterId}, from record 14 on`);
    expect(lines.slice(1, -1).every((line, i) => line.includes(`: record ${14 + i}, epoch `))).toBe(true);
    expect(lines.slice(1, -1).every((line) => /: (no command|\d+ × [a-z-]+|[a-z-]+)(, .*)?$/.test(line))).toBe(true);
  });

  test('a flipped bit in any byte of the file → its offset, or that of the payload it lies in', async () => {
    const records = (await parts(logName, log)).filter(({ kind }) => kind === 'record');
    const [first, second] = records;
    const fields = new Map<number, string>();
    for (let byte = 0; byte < 128 + 40; byte++) {
      const damage = await damageOf(logName, flipped(log, byte));
      expect(damage?.offset).toBe(byte);
      fields.set(byte, damage?.field ?? '');
    }
    expect([12, 21, 54, 124].map((byte) => fields.get(byte))).toEqual([
      'sequence of the first record',
      'cluster id',
      "zone's name",
      'checksum of the header',
    ]);
    expect([128, 136, 144, 152, 160].map((byte) => fields.get(byte))).toEqual([
      'magic',
      'sequence',
      'epoch',
      'length of the payload',
      'chain',
    ]);
    for (let byte = 168; byte < (second?.offset ?? 0); byte += 7) {
      expect(await damageOf(logName, flipped(log, byte))).toEqual({
        offset: (first?.offset ?? 0) + 40,
        field: 'payload',
      });
    }
  });

  test('cut off within a record, bytes between records, a record missing → each said; what follows is found', async () => {
    const [first, second, third] = (await parts(logName, log)).filter(({ kind }) => kind === 'record');
    const [a, b, c] = [first?.offset ?? 0, second?.offset ?? 0, third?.offset ?? 0];
    expect(await damageOf(logName, log.subarray(0, b + 50))).toEqual({ offset: b + 50, field: 'payload' });
    expect(await damageOf(logName, log.subarray(0, b + 10))).toEqual({ offset: b, field: 'header of a record' });
    const torn = Buffer.concat([log.subarray(0, b), Buffer.from('rubbish'), log.subarray(b)]);
    expect(await damageOf(logName, torn)).toEqual({ offset: b, field: 'header of a record' });
    expect((await parts(logName, torn)).at(-1)).toMatchObject({ kind: 'record', damage: [] });
    const gap = Buffer.concat([log.subarray(0, b), log.subarray(c)]);
    expect(await damageOf(logName, gap)).toEqual({ offset: b + 8, field: 'sequence' });
    expect(await damageOf('00000000000000000015.log', log)).toEqual({
      offset: 12,
      field: 'sequence of the first record',
    });
    expect(a).toBe(128);
  });

  test('epoch file → its epoch; any byte damaged or missing → named', async () => {
    expect(await inspect('epoch', epoch)).toEqual({
      code: 0,
      lines: [expect.stringMatching(/^Epoch file of a commit log: promised to epoch \d+$/), 'Whole'],
    });
    for (let byte = 0; byte < epoch.length; byte++) {
      expect((await damageOf('epoch', flipped(epoch, byte)))?.offset).toBe(byte);
      expect((await damageOf('epoch', epoch.subarray(0, byte)))?.offset).toBe(byte);
    }
    expect(await damageOf('epoch', flipped(epoch, 9))).toEqual({ offset: 9, field: 'epoch' });
  });
});

describe('the index', () => {
  test('database → schema, cluster, the last record applied, counts; exit 0; nothing is left beside it', async () => {
    const { code, lines } = await inspect('ninefold.sqlite', database);
    expect(code).toBe(0);
    expect(lines[0]).toMatch(`Index database: schema 1, cluster ${clusterId}, has applied log record `);
    expect(lines[1]).toMatch(/^Rows: \d+ buckets, \d+ versions, \d+ uploads, \d+ parts, \d+ blobs, \d+ segments$/);
    expect(readdirSync(folder).filter((name) => name.startsWith('ninefold.sqlite'))).toEqual(['ninefold.sqlite']);
  });

  test('damaged page → named by its number and offset; cut off, or no database at all → said; exit 1', async () => {
    const pageBytes = database.readUInt16BE(16);
    const damaged = Buffer.from(database);
    damaged.fill(0xff, pageBytes * 4, pageBytes * 4 + 200);
    const found = (await parts('ninefold.sqlite', damaged)).flatMap(({ damage }) => damage);
    expect(found).toContainEqual(
      expect.objectContaining({ offset: pageBytes * 4, field: expect.stringMatching(/^table \w+, page 5$/) }),
    );
    expect((await inspect('ninefold.sqlite', damaged)).code).toBe(1);
    for (const bytes of [flipped(database, 3), Buffer.from('not a database'.repeat(100))]) {
      expect(await damageOf('ninefold.sqlite', bytes)).toEqual({ offset: 0, field: 'database' });
    }
    expect((await inspect('ninefold.sqlite', database.subarray(0, pageBytes * 3))).code).toBe(1);
  });
});

describe('snapshots of the index', () => {
  const name = '00000000000000000038.snapshot';
  const digest = createHash('sha256').update(database).digest('hex');
  const facts = { format: 1, clusterId, schema: 1, sequence: 38, checksum: 5, file: 38, offset: 128 };
  const line = JSON.stringify({ ...facts, sizeBytes: database.length, digest });
  const sidecar = `${line}\n${crc32(line)}\n`;

  test('snapshot and its description → what they hold; exit 0', async () => {
    expect(await inspect(`${name}.json`, sidecar)).toEqual({
      code: 0,
      lines: [expect.stringContaining(`at log record 38: schema 1, cluster ${clusterId}, `), 'Whole'],
    });
    const { code, lines } = await inspect(name, database);
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^Index database: schema 1/);
    expect(lines.at(-2)).toBe('Compared with its description');
  });

  test('a bit flipped where SQLite sees nothing, a byte too many, no description → said', async () => {
    const unseen = flipped(database, database.indexOf('image/jpeg') + 2);
    expect(await damageOf(name, unseen)).toEqual({ offset: 0, field: 'digest' });
    const longer = Buffer.concat([database, Buffer.alloc(1)]);
    expect(await damageOf(name, longer)).toEqual({ offset: database.length, field: 'length' });
    const alone = await inspect('00000000000000000039.snapshot', database);
    expect(alone.lines.at(-2)).toMatch(/^Without its description/);
  });

  test('description with a digit changed, a member missing, cut off → the place is named; exit 1', async () => {
    const other = Buffer.from(sidecar.replace('"sequence":38', '"sequence":39'));
    expect(await damageOf(`${name}.json`, other)).toEqual({ offset: line.length + 1, field: 'checksum' });
    const without = Buffer.from(sidecar.replace('"schema":1,', ''));
    expect(await damageOf(`${name}.json`, without)).toEqual({ offset: 0, field: 'schema' });
    expect(await damageOf(`${name}.json`, Buffer.from(sidecar.slice(0, 20)))).toMatchObject({ field: 'the document' });
  });
});

describe('small files', () => {
  const text = JSON.stringify(identity, null, 2);

  test('identity of a disk, of a zone, marker of a rebuilt index, the root key → what they say, but no secret', async () => {
    expect((await inspect('ninefold-disk.json', text)).lines).toEqual([
      `Identity of disk ${identity.diskId} in zone-a, cluster ${clusterId}`,
      'Whole',
    ]);
    const zone = await inspect('ninefold-zone.json', JSON.stringify({ formatVersion: 1, clusterId }));
    expect(zone.lines[0]).toBe(`Identity of a zone, cluster ${clusterId}`);
    const counts = { buckets: 2, versions: 9, deleteMarkers: 0, uploads: 0, lost: [] };
    const marker = await inspect('ninefold-rebuilt.json', JSON.stringify({ formatVersion: 1, ...counts }));
    expect(marker).toMatchObject({ code: 0, lines: [expect.stringContaining('2 buckets, 9 versions'), 'Whole'] });
    const key = JSON.stringify({ accessKeyId: 'NFKEY', secretAccessKey: 'do not show' });
    for (const options of [[], ['--json']]) {
      const { code, lines } = await inspect('root-key.json', key, ...options);
      expect(code).toBe(0);
      expect(lines.join()).toContain('NFKEY');
      expect(lines.join()).not.toContain('do not show');
    }
  });

  test.for([
    ['"format": 1', '"format": 2', 'format'],
    [clusterId, `${clusterId}0`, 'clusterId'],
    [identity.diskId, 'x', 'diskId'],
    ['"zone": "zone-a"', '"zone": 7', 'zone'],
  ] as const)('%s → %s: the member is named, with where it stands; exit 1', async ([whole, wrong, field]) => {
    const damaged = text.replace(whole, wrong);
    expect(await damageOf('ninefold-disk.json', Buffer.from(damaged))).toEqual({
      offset: damaged.indexOf(`"${field}"`),
      field,
    });
  });

  test('registry of disks → its disks; an entry or the version that is wrong is named; exit 1', async () => {
    const disk = { id: identity.diskId, zone: 'zone-a', path: '/srv/disk-1', state: 'draining' };
    const registry = { format: 1, version: 3, disks: [{ ...disk, id: '', state: 'active' }, disk] };
    expect(await inspect('ninefold-disks.json', JSON.stringify(registry))).toEqual({
      code: 0,
      lines: [
        'Registry of disks, version 3: 2 disks',
        '  active: disk not yet seen of zone-a at /srv/disk-1',
        `  draining: disk ${identity.diskId} of zone-a at /srv/disk-1`,
        'Whole',
      ],
    });
    const damage = async (change: object) =>
      (await damageOf('ninefold-disks.json', Buffer.from(JSON.stringify({ ...registry, ...change }))))?.field;
    expect(await damage({ disks: [disk, { ...disk, state: 'lent' }] })).toBe('disks[1]');
    expect(await damage({ disks: 9 })).toBe('disks');
    expect(await damage({ version: 0 })).toBe('version');
    expect(await damage({ format: 2 })).toBe('format');
  });

  test('document that is cut off, or none → said with the offset', async () => {
    expect(await damageOf('ninefold-disk.json', Buffer.from(text.slice(0, 30)))).toMatchObject({
      field: 'the document',
    });
    expect((await inspect('ninefold-zone.json', '')).code).toBe(1);
  });

  test('unknown file → said to be unknown, exit 2; no file → said why, exit 1', async () => {
    expect(await inspect('notes.txt', 'hello')).toEqual({
      code: 2,
      lines: [`${join(folder, 'notes.txt')}: not a file that Ninefold writes`],
    });
    expect((await inspect('empty', '')).code).toBe(2);
    const { code, stderr } = await runNinefold(['inspect', join(folder, 'nowhere')]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/nowhere cannot be read: ENOENT/) });
  });
});

test('every file of a server that runs, and of one that was killed → known and whole', async () => {
  await using daemon = await startDaemon();
  await daemon.newBucket();
  await expectAllKnown(daemon.dataDirectory);
  await daemon.kill9();
  await expectAllKnown(daemon.dataDirectory);
});

async function expectAllKnown(data: string): Promise<void> {
  const names = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((name) => {
    // What SQLite keeps beside a database belongs to it.
    return statSync(join(data, name)).isFile() && !/-(wal|shm|journal)$/.test(name);
  });
  const results = await Promise.all(
    names.map(async (name) => {
      const lines: string[] = [];
      const output = {
        print: (text: string) => lines.push(text),
        complain: (text: string) => lines.push(text),
        isRead: () => true,
      };
      const code = await run(['inspect', join(data, name)], output);
      return code === 0 ? [] : [`${name}: ${lines.join('\n')}`];
    }),
  );
  expect(names.length).toBeGreaterThan(15);
  expect(results.flat()).toEqual([]);
}

test('the command itself → prints and exits as the tests above say', async () => {
  const file = join(folder, shardName);
  writeFileSync(file, flipped(shard, 44));
  const { code, stdout } = await runNinefold(['inspect', file]);
  expect(code).toBe(1);
  expect(stdout).toContain('damaged at byte 44, data length: one bit of it is flipped');
});
