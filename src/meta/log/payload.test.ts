/** Which blobs a command brings: all that must be intact for its record to count. */
import { expect, test } from 'vitest';
import type { NewAnnotation } from '../annotation-commands.ts';
import type { Command } from '../commands.ts';
import { locationsOf } from './payload.ts';

const at = (offset: number) => ({ size: 1, extents: [{ segment: 's', offset, unit: 16, start: 0, length: 1 }] });
const brought = (offset: number) => ({ kind: 'new', location: at(offset) }) as const;
const annotation: NewAnnotation = { name: 'a', size: 1, etag: '', lastModifiedMs: 0, content: brought(1) };
const version = { bucketId: 1, key: 'k', versionId: 'null' };

test.each<[string, Command]>([
  ['an annotation', { type: 'put-annotation', ...version, annotation: { ...annotation, manifest: at(2) } }],
  [
    'a version with one',
    {
      ...{ type: 'put-version', ...version, ordinal: 1, lastModifiedMs: 0, size: 0, etag: '' },
      attributes: { owner: '', storageClass: '', headers: {}, metadata: {}, tags: [] },
      content: { kind: 'shared', slices: [] },
      annotations: [annotation, { ...annotation, name: 'b', content: brought(2) }],
    },
  ],
])('%s → its blobs, and their descriptions', (_, command) => {
  expect(locationsOf(command)).toEqual([at(1), at(2)]);
});
