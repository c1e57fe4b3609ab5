/**
 * Shard files that are damaged, cut, exchanged or old: with three of nine so every read is right, with four it is right or
 * refused, and no byte is ever wrong.
 */
import { copyFile, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { BlobDisks, inPieces, label, readAll, sampleBytes } from '../support/blob-disks.ts';

const headerBytes = 128;
const blockBytes = 64 * 1024;
/** Two blocks in each unit, the second one short. */
const size = 6 * (blockBytes + 4096);
const unit = size / 6;

/** Offset and length of each field of a header, as the format's description has them. */
const fields: Readonly<Record<string, readonly [offset: number, length: number]>> = {
  magic: [0, 8],
  version: [8, 2],
  'data shards': [10, 1],
  'parity shards': [11, 1],
  'shard index': [12, 1],
  'zero behind the shard index': [13, 1],
  'header length': [14, 2],
  'segment id': [16, 16],
  offset: [32, 8],
  'data unit': [40, 4],
  'data length': [44, 4],
  'directory length': [48, 4],
  'directory unit': [52, 4],
  'first block checksum': [56, 4],
  'second block checksum': [60, 4],
  'directory checksum': [72, 4],
  zeros: [76, 48],
  'header checksum': [124, 4],
};

let disks: BlobDisks;
let store: ErasureBlobStore;
let kept: { readonly ref: BlobRef; readonly bytes: Buffer; readonly files: string[] };

beforeEach(async () => {
  disks = await BlobDisks.create();
  store = await disks.open();
  kept = await keep(1);
});

async function keep(seed: number) {
  const bytes = sampleBytes(size, seed);
  const ref = await store.write(inPieces(bytes), label('kept'));
  return { ref, bytes, files: await disks.shardFiles(ref.extents[0]?.segment ?? '') };
}

/** Changes some of the shard files, reads, and puts them back. */
async function whileChanged(
  shards: readonly number[],
  change: (bytes: Buffer) => Buffer,
  read: () => Promise<void>,
): Promise<void> {
  const before = await Promise.all(shards.map((shard) => readFile(kept.files[shard] ?? '')));
  await Promise.all(shards.map((shard, i) => writeFile(kept.files[shard] ?? '', change(Buffer.from(before[i] ?? '')))));
  await read();
  await Promise.all(shards.map((shard, i) => writeFile(kept.files[shard] ?? '', before[i] ?? '')));
}

async function expectRight(): Promise<void> {
  expect((await readAll(store, kept.ref)).equals(kept.bytes)).toBe(true);
}

async function expectRightOrRefused(): Promise<void> {
  const outcome = await readAll(store, kept.ref).catch((error: unknown) => error);
  if (Buffer.isBuffer(outcome)) expect(outcome.equals(kept.bytes)).toBe(true);
  else expect(outcome).toMatchObject({ name: 'BlobError', code: 'Unreadable' });
}

async function expectRefused(): Promise<void> {
  await expect(readAll(store, kept.ref)).rejects.toMatchObject({ name: 'BlobError', code: 'Unreadable' });
}

/** Inverts a bit of a field, the first or another one. */
function flipped([offset, length]: readonly [offset: number, length: number], bit = 0) {
  return (bytes: Buffer): Buffer => {
    const at = offset + (bit % length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 8)), at);
    return bytes;
  };
}

/** As a header that was written so: its own checksum fits. */
function sealed(change: (bytes: Buffer) => Buffer) {
  return (bytes: Buffer): Buffer => {
    change(bytes);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 124)), 124);
    return bytes;
  };
}

describe('fields of a header', () => {
  test.for(Object.entries(fields))('%s flipped on three shards → right; on four → refused', async ([, field]) => {
    for (let bit = 0; bit < 8 * field[1]; bit += 7) {
      await whileChanged([0, 4, 8], flipped(field, bit), expectRight);
      await whileChanged([0, 1, 4, 8], flipped(field, bit), expectRefused);
    }
  });

  /** What tells a stripe of another place, segment or shard from the one that is looked for. */
  const telling = [
    'version',
    'shard index',
    'header length',
    'segment id',
    'offset',
    'data unit',
    'first block checksum',
  ];
  test.for(telling)(
    '%s another, and the header sealed with it → right on three shards, refused on four',
    async (name) => {
      const change = sealed(flipped(fields[name] ?? [0, 0], 3));
      await whileChanged([0, 4, 8], change, expectRight);
      await whileChanged([0, 1, 4, 8], change, expectRefused);
    },
  );

  test.for(Object.entries(fields))('%s another on all shards, sealed → right or refused', async ([, field]) => {
    for (const bit of [0, 3, 6]) {
      await whileChanged([0, 1, 2, 3, 4, 5, 6, 7, 8], sealed(flipped(field, bit)), expectRightOrRefused);
    }
  });
});

describe('shard files', () => {
  const boundaries = [0, 1, 8, headerBytes, headerBytes + blockBytes, headerBytes + unit].flatMap((at) =>
    [at - 1, at, at + 1].filter((cut) => cut >= 0 && cut < headerBytes + unit),
  );
  test.for([...new Set(boundaries)])('cut to %i bytes → right with three, refused with four', async (length) => {
    const cut = (bytes: Buffer): Buffer => bytes.subarray(0, length);
    await whileChanged([1, 3, 7], cut, expectRight);
    await whileChanged([1, 2, 3, 7], cut, expectRefused);
  });

  test('blocks in the place of others, of the same shard or of the next → right with three, refused with four', async () => {
    const first = headerBytes;
    const second = headerBytes + blockBytes;
    const changes: ((bytes: Buffer) => Buffer)[] = [
      (bytes) => Buffer.from(bytes).fill(bytes.subarray(second, second + 4096), first, first + blockBytes),
      (bytes) =>
        Buffer.concat([bytes.subarray(0, second), bytes.subarray(first, first + 4096), bytes.subarray(second + 4096)]),
    ];
    for (const change of changes) {
      await whileChanged([0, 2, 6], change, expectRight);
      await whileChanged([0, 2, 3, 6], change, expectRefused);
    }
    const next = await readFile(kept.files[1] ?? '');
    const misdirected = (bytes: Buffer): Buffer => Buffer.concat([bytes.subarray(0, first), next.subarray(first)]);
    await whileChanged([0, 2, 5], misdirected, expectRight);
    await whileChanged([0, 2, 3, 5], misdirected, expectRefused);
  });

  test('of two segments exchanged on three disks → both right; of two shards exchanged → right', async () => {
    await disks.moveAway([0]);
    await store.checkDisks();
    await disks.moveBack([0]);
    await store.checkDisks();
    const other = await keep(2);
    expect(other.ref.extents[0]?.segment).not.toBe(kept.ref.extents[0]?.segment);
    for (const shard of [0, 3, 6]) await exchange(kept.files[shard] ?? '', other.files[shard] ?? '');
    await expectRight();
    expect((await readAll(store, other.ref)).equals(other.bytes)).toBe(true);
    await exchange(kept.files[1] ?? '', kept.files[2] ?? '');
    await expectRightOrRefused();
    for (const shard of [0, 3, 6]) await exchange(kept.files[shard] ?? '', other.files[shard] ?? '');
    await expectRight();
  });

  test('of an older time on three disks → what was written since reads right', async () => {
    const older = await Promise.all([0, 3, 6].map((shard) => readFile(kept.files[shard] ?? '')));
    const before = kept;
    kept = await keep(3);
    expect(kept.files).toEqual(before.files);
    for (const [i, shard] of [0, 3, 6].entries()) await writeFile(kept.files[shard] ?? '', older[i] ?? '');
    await expectRight();
    expect((await readAll(store, before.ref)).equals(before.bytes)).toBe(true);
    await truncate(kept.files[4] ?? '', older[0]?.length ?? 0);
    await expectRefused();
  });
});

async function exchange(a: string, b: string): Promise<void> {
  await copyFile(a, `${a}.aside`);
  await rename(b, a);
  await rename(`${a}.aside`, b);
}
