/** The small files of a disk in plain words. docs/FORMAT.md is the page. */
import { readFile } from 'node:fs/promises';
import { type InspectedPart, inspectDocument, members } from '../lib/inspection.ts';

export async function* describeDiskIdentity(path: string): AsyncGenerator<InspectedPart> {
  const expected = [
    members.exactly('format', 1),
    members.hex('clusterId', 32),
    members.hex('diskId', 32),
    members.text('zone'),
  ];
  const { value, damage } = inspectDocument(await readFile(path, 'utf8'), expected);
  const { diskId, clusterId, zone } = value;
  yield {
    text: damage.length > 0 ? 'Identity of a disk' : `Identity of disk ${diskId} in ${zone}, cluster ${clusterId}`,
    facts: { kind: 'disk-identity', ...value },
    damage,
  };
}
