/** The small files of disks, and the registry of them, in plain words. docs/FORMAT.md is the page. */
import { readFile } from 'node:fs/promises';
import {
  type Damage,
  type InspectedDocument,
  type InspectedPart,
  inspectDocument,
  type Member,
  members,
} from '../lib/inspection.ts';
import { DEFAULT_GROUP, groupMentioned } from './pool.ts';
import { parseRegistry } from './registry-format.ts';

export async function* describeDiskIdentity(path: string): AsyncGenerator<InspectedPart> {
  const expected = [
    members.exactly('format', 1),
    members.hex('clusterId', 32),
    members.hex('diskId', 32),
    members.text('zone'),
    groupName,
  ];
  const { value, damage } = inspectDocument(await readFile(path, 'utf8'), expected);
  const { diskId, clusterId, zone, group } = value;
  const place = group === undefined ? zone : `${zone}, group ${group}`;
  yield {
    text: damage.length > 0 ? 'Identity of a disk' : `Identity of disk ${diskId} in ${place}, cluster ${clusterId}`,
    facts: { kind: 'disk-identity', ...value },
    damage,
  };
}

export async function* describeDiskRegistry(path: string): AsyncGenerator<InspectedPart> {
  const text = await readFile(path, 'utf8');
  const { value, damage } = inspectDocument(text, [
    members.exactly('format', 1),
    members.integer('version'),
    listOfDisks,
  ]);
  const known = damage.length > 0 ? undefined : parseRegistry(text);
  const found = damage.length > 0 || known ? damage : [wrongEntry(text, value)];
  yield {
    text: known
      ? `Registry of disks, version ${known.version}: ${known.disks.length} disks`
      : 'Registry of disks of a zone',
    facts: { kind: 'disk-registry', ...value },
    damage: found,
  };
  for (const { id, zone, group, path: place, state } of known?.disks ?? []) {
    const facts = { kind: 'registered-disk', id, zone, group, path: place, state };
    const owner = group === DEFAULT_GROUP ? zone : `${zone}, group ${group},`;
    yield { text: `  ${state}: disk ${id || 'not yet seen'} of ${owner} at ${place}`, facts };
  }
}

const groupName: Member = {
  name: 'group',
  expected: 'a name of a group, or left out',
  accepts: (value) => groupMentioned(value) !== undefined,
};

const listOfDisks: Member = { name: 'disks', expected: 'a list', accepts: Array.isArray };

/** Of a registry whose members are there but not all as they must be: the first disk that is not, or else the version. */
function wrongEntry(text: string, { disks }: InspectedDocument['value']): Damage {
  const entries: readonly unknown[] = Array.isArray(disks) ? disks : [];
  const index = entries.findIndex((disk) => !parseRegistry(JSON.stringify({ format: 1, version: 1, disks: [disk] })));
  const name = index < 0 ? 'version' : 'disks';
  return {
    offset: Math.max(0, text.indexOf(`"${name}"`)),
    field: index < 0 ? name : `disks[${index}]`,
    what: index < 0 ? 'it must be 1 or more' : 'it must have an id, a zone, a path and a known state',
  };
}
