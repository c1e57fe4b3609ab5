import { describe, expect, test } from 'vitest';
import type { EngineContext } from '../context.ts';
import { lookAt } from './agreement.ts';
import type { AttributesThere, Replica, ReplicaTarget, ReplicationEntry } from './types.ts';

const tagsThere = [{ key: 'n', value: 'there' }];

interface Case {
  readonly look?: ReplicationEntry['look'];
  readonly ageMs?: number;
  readonly changedMs?: number;
  readonly isDeleteMarker?: boolean;
  readonly there?: Partial<AttributesThere> | 'marker' | 'absent';
  /** Where else the bucket is replicated to; nowhere without it. */
  readonly others?: readonly string[];
}

/** Rules that replicate markers to the server that is looked at, `minio`, and to others. */
function rulesTo(others: readonly string[]): string {
  const rules = ['minio', ...others].map((bucket, priority) => {
    return { id: bucket, priority, isEnabled: true, form: 'filter', tags: [], markers: true, destination: { bucket } };
  });
  return JSON.stringify({ role: 'arn:aws:iam::000000000000:role/r', rules });
}

/** What a look does, in its order. */
async function lookOf({ look = {}, ageMs = 20_000, changedMs, isDeleteMarker = false, there, others }: Case) {
  const done: unknown[] = [];
  const context = {
    clock: { nowMs: () => ageMs },
    index: {
      submit: async (command: object) => done.push(command),
      getBucketConfig: async () => rulesTo(others ?? []),
    },
  } as unknown as EngineContext;
  const attributes = { tags: [{ key: 'n', value: 'here' }], ...(changedMs !== undefined && { changedMs }) };
  const version = { bucketId: 1, key: 'k', versionId: 'v', isDeleteMarker, attributes };
  // Of a bucket that keeps no versions nothing is replicated further.
  const replica = { version, source: { versioning: others ? 'Enabled' : 'Suspended' } } as unknown as Replica;
  const target = {
    look: async () =>
      typeof there === 'string' ? there : { isOnItsWay: false, tags: tagsThere, differing: new Set(), ...there },
    setAttributes: async (_: Replica, differing: ReadonlySet<string>) => done.push([...differing]),
    putMarker: async () => done.push('marker'),
  } as unknown as ReplicaTarget;
  const entry = { look, queuedMs: 0, destination: 'minio' } as ReplicationEntry;
  try {
    await lookAt(context, replica, { entry, target });
  } catch (error) {
    done.push(error instanceof Error && 'afterMs' in error ? `again after ${error.afterMs}` : error);
  }
  return done;
}

const taken = { type: 'set-replica-attributes', bucketId: 1, key: 'k', versionId: 'v', tags: tagsThere };

const toOthers = {
  ...{ key: 'k', versionId: 'v', kind: 'marker' },
  to: ['a', 'b'].map((bucket) => ({ destination: bucket, rule: bucket })),
};

describe('a look at a server that has what comes last', () => {
  test.for<[string, Case, unknown[]]>([
    [
      'that has not come to rest → later',
      { ageMs: 4000, there: { differing: new Set(['tags']) } },
      ['again after 6000'],
    ],
    ['with a change on its way → later', { there: { isOnItsWay: true } }, ['again after 1000']],
    ['that has the same → done', {}, []],
    [
      'that has other tags than it was told → it gets those, and is looked at again',
      { there: { differing: new Set(['tags']) } },
      [['tags'], 'again after 10000'],
    ],
    [
      'after a while → no more',
      { ageMs: 90_000, there: { isOnItsWay: true, differing: new Set(['tags']) } },
      [['tags']],
    ],
    [
      'that has other tags than it told → they are taken, as the next change',
      { look: { toldMs: 7 }, changedMs: 7, there: { differing: new Set(['tags']) } },
      [{ ...taken, changedMs: 8 }],
    ],
    [
      'that told of tags before they were changed here → they are as they are, and it gets the lock',
      { look: { toldMs: 7 }, changedMs: 9, there: { differing: new Set(['tags', 'retention']) } },
      [['retention'], 'again after 10000'],
    ],
    ['that has lost a marker → it is told', { isDeleteMarker: true, there: 'absent' }, ['marker']],
    [
      'that has lost a marker → all others are told before, who may not have heard of it',
      { isDeleteMarker: true, there: 'absent', others: ['a', 'b'] },
      [{ type: 'queue-replication', bucketId: 1, atMs: 20_000, versions: [toOthers] }, 'marker'],
    ],
    ['that has the marker → done', { isDeleteMarker: true, there: 'marker' }, []],
    ['where the version is not any more → done', { there: 'absent' }, []],
  ])('%s', async ([, given, expected]) => {
    expect(await lookOf(given)).toEqual(expected);
  });
});
