/** The fault injector itself: what it promises to the tests that use it. */
import { open, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createDisk, readIdentity } from '../../src/blob/disk-identity.ts';
import { BlobDisks, CLUSTER_ID } from '../support/blob-disks.ts';
import { FaultyFiles } from '../support/faulty-files.ts';

describe('faulty files', () => {
  it('a fault on a path and an operation → the product meets it there and then only, and it is counted', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const create = (disk: number) => createDisk(disks.path(disk), { clusterId: CLUSTER_ID, zone: 'zone-0' });
    const fault = files.fail({ operation: 'sync', path: disks.path(0), code: 'EIO', times: 1 });
    await expect(create(0)).rejects.toMatchObject({ code: 'EIO' });
    await create(1);
    await create(0);
    expect(fault.met).toBe(1);
    expect(files.callsUnder(disks.path(1))).toContain('rename ninefold-disk.json.draft');
    files.fail({ path: /disk-1.*json$/, code: 'EMFILE' });
    expect(await readIdentity(disks.path(1))).toMatchObject({ kind: 'bad', reason: expect.stringContaining('EMFILE') });
    expect(await readIdentity(disks.path(0))).toMatchObject({ kind: 'ok' });
  });

  it('an operation that hangs → carried out, late, when it is released', async () => {
    const { root } = await BlobDisks.create();
    const files = FaultyFiles.install();
    const path = `${root}/file`;
    await writeFile(path, 'before');
    const hang = files.hang({ operation: ['write', 'writev'], path });
    const file = await open(path, 'r+');
    const written = file.write('later!');
    expect(hang.met).toBe(1);
    expect(await readFile(path, 'utf8')).toBe('before');
    hang.release();
    await written;
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('later!');
  });
});
