/** The operator's interface below `/-/`: who may ask, what is answered, what is refused in which words. */
import { describe, expect, test } from 'vitest';
import { DataFolders } from '../support/data-folders.ts';
import { eventually } from '../support/eventually.ts';
import { type RawAnswer, sendRaw } from '../support/raw-http.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { presign } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const { send, sign, sendWire } = signedRequests(daemon);

function get(path: string): Promise<RawAnswer> {
  return send({ method: 'GET', path });
}

function json(answer: RawAnswer): unknown {
  expect(answer.headers.get('content-type')).toBe('application/json');
  return JSON.parse(answer.body);
}

describe('who may ask', () => {
  test.for(['/-/status', '/-/disks', '/-/jobs', '/-/no-such-thing'])('%s without a signature → 403', async (path) => {
    const answer = await sendRaw(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`, { port: daemon().port });
    expect(answer.status).toBe(403);
    expect(json(answer)).toMatchObject({ code: 'AccessDenied', message: expect.stringContaining('root key') });
  });

  test('wrong secret, unknown key → 403 with the codes of S3', async () => {
    const request = { method: 'GET', path: '/-/status' };
    const { accessKeyId, secretAccessKey } = daemon();
    const wrongSecret = await send({ ...request, key: { accessKeyId, secretAccessKey: `${secretAccessKey}x` } });
    expect({ status: wrongSecret.status, ...Object(json(wrongSecret)) }).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
      requestId: wrongSecret.headers.get('x-amz-request-id'),
    });
    const unknownKey = await send({ ...request, key: { accessKeyId: 'NOBODY', secretAccessKey } });
    expect({ status: unknownKey.status, ...Object(json(unknownKey)) }).toMatchObject({
      status: 403,
      code: 'InvalidAccessKeyId',
    });
  });

  test('presigned URL, body that the signature does not cover → 403', async () => {
    const headers = { host: `127.0.0.1:${daemon().port}` };
    const url = presign({ method: 'GET', path: '/-/status', headers }, daemon(), {
      date: new Date(),
      expiresSeconds: 60,
    });
    const presigned = await sendWire(url);
    expect({ status: presigned.status, ...Object(json(presigned)) }).toMatchObject({
      status: 403,
      message: expect.stringContaining('Authorization header'),
    });
    const unsigned = await send({ method: 'GET', path: '/-/status', payload: 'UNSIGNED-PAYLOAD' });
    expect({ status: unsigned.status, ...Object(json(unsigned)) }).toMatchObject({ status: 403, code: 'AccessDenied' });
  });

  test('body that is not the one signed → 400, nothing is done', async () => {
    const wire = sign({ method: 'POST', path: '/-/jobs/collect-garbage/pause', body: '' });
    const answer = await sendWire(wire, '{}');
    expect({ status: answer.status, ...Object(json(answer)) }).toMatchObject({
      status: 400,
      code: 'XAmzContentSHA256Mismatch',
    });
    expect((await get('/-/jobs')).body).not.toContain('paused');
  });

  test('health checks → open to anybody, as before', async () => {
    for (const path of ['/-/live', '/-/ready']) expect((await fetch(`${daemon().endpoint}${path}`)).status).toBe(200);
  });

  test('a virtual-hosted bucket with a key below -/ → an object, not the interface', async () => {
    const bucket = await daemon().newBucket();
    const host = `${bucket}.localhost:${daemon().port}`;
    const put = await send({ method: 'PUT', path: '/-/status', host, body: 'mine' });
    expect(put.status).toBe(200);
    expect((await send({ method: 'GET', path: '/-/status', host })).body).toBe('mine');
  });
});

describe('what is refused', () => {
  test.for([
    ['GET', '/-/no-such-thing', 404, 'NoSuchRoute'],
    ['GET', '/-/', 404, 'NoSuchRoute'],
    ['GET', '/-/status/more', 404, 'NoSuchRoute'],
    ['GET', '/-/jobs//run', 404, 'NoSuchRoute'],
    ['POST', '/-/status', 405, 'MethodNotAllowed'],
    ['PUT', '/-/jobs/collect-garbage/run', 405, 'MethodNotAllowed'],
    ['POST', '/-/jobs/dance/run', 404, 'NoSuchJob'],
  ] as const)('%s %s → %i %s', async ([method, path, status, code]) => {
    const answer = await send({ method, path });
    expect({ status: answer.status, ...Object(json(answer)) }).toMatchObject({ status, code });
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/^(GET|POST)$/);
  });

  test('query or body where none is taken, escape that is none → 400, not ignored', async () => {
    for (const request of [
      { method: 'GET', path: '/-/status', query: [['verbose', '1'] as const] },
      { method: 'GET', path: '/-/status', body: '{}' },
      { method: 'POST', path: '/-/jobs/collect-garbage/run', body: '{}' },
    ]) {
      const answer = await send(request);
      expect({ status: answer.status, ...Object(json(answer)) }).toMatchObject({ status: 400, code: 'InvalidInput' });
    }
  });

  test('body beyond 64 KiB → 400', async () => {
    const answer = await send({ method: 'POST', path: '/-/jobs/collect-garbage/run', body: 'x'.repeat(65 * 1024) });
    expect({ status: answer.status, ...Object(json(answer)) }).toMatchObject({ status: 400, code: 'EntityTooLarge' });
  });
});

describe('what is answered', () => {
  test('status → version, zones, disks, space, index and jobs as they are', async () => {
    const bucket = await daemon().newBucket();
    await send({ method: 'PUT', path: `/${bucket}/key`, body: 'x'.repeat(100_000) });
    const status = Object(json(await get('/-/status')));
    expect(status.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(status.startedMs).toBeLessThanOrEqual(status.nowMs);
    expect(status.zones).toMatchObject(
      ['zone-a', 'zone-b', 'zone-c'].map((name) => ({ name, disks: 3, disksInUse: 3, log: 'counts' })),
    );
    expect(status.disks).toHaveLength(9);
    for (const disk of status.disks) {
      expect(disk).toMatchObject({ state: 'healthy', isFull: false, id: expect.stringMatching(/^[0-9a-f]{32}$/) });
      expect(disk.freeBytes).toBeLessThanOrEqual(disk.sizeBytes);
    }
    expect(status.space.sizeBytes).toBe(status.disks[0].sizeBytes);
    expect(status.space.reserveBytes).toBe(status.disks[0].reserveBytes);
    expect(status.space.reserveBytes).toBeGreaterThan(0);
    expect(status.index.sequence).toBeGreaterThan(0);
    expect(status.jobs.map(({ name }: { name: string }) => name)).toContain('collect-garbage');
  });

  test('space → what an object takes is live, what it took before is dead, and the sum is what lies on the disks', async () => {
    const folders = new DataFolders(daemon().dataDirectory);
    const spaceNow = async () => {
      const { space } = Object(json(await get('/-/status')));
      const onDisk = (await folders.shardBytes()).reduce((sum, bytes) => sum + bytes, 0);
      expect(space.storedLiveBytes + space.storedDeadBytes + space.storedOverheadBytes).toBe(onDisk);
      expect(space.storedBytes).toBe(onDisk);
      return space;
    };
    const path = `/${await daemon().newBucket()}/key`;
    const before = await spaceNow();
    await send({ method: 'PUT', path, body: 'x'.repeat(100_000) });
    const stored = await spaceNow();
    expect(stored.liveBytes - before.liveBytes).toBe(100_000);
    expect(stored.storedLiveBytes - before.storedLiveBytes).toBeCloseTo(150_000, -1);
    await send({ method: 'DELETE', path });
    const deleted = await spaceNow();
    expect(deleted.liveBytes).toBe(before.liveBytes);
    expect(deleted.storedDeadBytes - stored.storedDeadBytes).toBeGreaterThanOrEqual(149_990);
  });

  test('zones → the log files of each', async () => {
    const logFiles = { files: 1, firstSequence: 1, newestFileSequence: 1, sizeBytes: expect.any(Number) };
    await eventually(async () => {
      await send({ method: 'POST', path: '/-/jobs/snapshot/run' });
      const { zones } = Object(json(await get('/-/status')));
      expect(zones).toMatchObject([{ logFiles }, { logFiles }, { logFiles }]);
    });
  });

  test('all disks on one file system → said plainly', async () => {
    const status = Object(json(await get('/-/status')));
    const sentence = 'All 9 disks lie on one file system: a failure of it loses everything.';
    expect(status.sharedFileSystems).toEqual([sentence]);
    expect(status.problems).toEqual([]);
  });

  test('disks → the same as in the status', async () => {
    const { disks } = Object(json(await get('/-/status')));
    const alone = Object(json(await get('/-/disks'))).disks;
    const figures = { freeBytes: expect.any(Number) };
    expect(alone).toMatchObject(disks.map((disk: object) => ({ ...disk, ...figures })));
  });

  test('pause, run, resume a job → its state, also in the list and the problems', async () => {
    const steer = async (action: string) =>
      Object(json(await send({ method: 'POST', path: `/-/jobs/collect-garbage/${action}` })));
    expect(await steer('pause')).toMatchObject({
      name: 'collect-garbage',
      state: expect.stringMatching(/paused|running/),
    });
    // A step that was under way has to end first.
    await eventually(async () =>
      expect(Object(json(await get('/-/status'))).problems).toContain('Job collect-garbage is paused.'),
    );
    expect(await steer('resume')).toMatchObject({ state: expect.not.stringMatching(/paused/) });
    const before = await steer('run');
    expect(before.nextRunMs).toBeLessThanOrEqual(Date.now());
    expect((await get('/-/jobs')).body).not.toContain('paused');
  });
});
