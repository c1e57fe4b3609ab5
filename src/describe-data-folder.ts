/** The small files of the data folder and of a zone in plain words. */
import { readFile } from 'node:fs/promises';
import { type InspectedPart, inspectDocument, members } from './lib/inspection.ts';

export async function* describeZoneIdentity(path: string): AsyncGenerator<InspectedPart> {
  const expected = [members.exactly('formatVersion', 1), members.hex('clusterId', 32)];
  const { value, damage } = inspectDocument(await readFile(path, 'utf8'), expected);
  yield {
    text: damage.length > 0 ? 'Identity of a zone' : `Identity of a zone, cluster ${value['clusterId']}`,
    facts: { kind: 'zone-identity', ...value },
    damage,
  };
}

export async function* describeRebuilt(path: string): AsyncGenerator<InspectedPart> {
  const counts = ['buckets', 'versions', 'deleteMarkers', 'uploads'].map(members.integer);
  const expected = [members.exactly('formatVersion', 1), ...counts];
  const { value, damage } = inspectDocument(await readFile(path, 'utf8'), expected);
  yield {
    text:
      damage.length > 0
        ? 'Marker of a rebuilt index'
        : `Marker of a rebuilt index that is whole and not yet in its place: ${value['buckets']} buckets, ${value['versions']} versions`,
    facts: { kind: 'rebuilt-index', ...value },
    damage,
  };
}

/** Without what it holds: names and policies are not for everybody. */
export async function* describeSettings(path: string): AsyncGenerator<InspectedPart> {
  const expected = [members.exactly('formatVersion', 1), members.integer('writtenMs'), members.hex('sha256', 64)];
  const { value, damage } = inspectDocument(await readFile(path, 'utf8'), expected);
  const { writtenMs } = value;
  yield {
    text:
      damage.length > 0
        ? 'Copy of identities and settings'
        : `Copy of identities and settings, written ${new Date(Number(writtenMs)).toISOString()}`,
    facts: { kind: 'settings', writtenMs },
    damage,
  };
}

/** How many records, and which lines are none. What follows the last line's end was never answered. */
export async function* describeAuditLog(path: string): AsyncGenerator<InspectedPart> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  let offset = 0;
  const damage = lines.flatMap((line) => {
    const at = offset;
    offset += Buffer.byteLength(line) + 1;
    return isJson(line) ? [] : [{ offset: at, field: 'record', what: 'the line is no JSON' }];
  });
  const records = lines.length - damage.length;
  yield { text: `Audit log, ${records} records`, facts: { kind: 'audit-log', records }, damage };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Without the secret: what is inspected may be shown around. */
export async function* describeRootKey(path: string): AsyncGenerator<InspectedPart> {
  const expected = [members.text('accessKeyId'), members.text('secretAccessKey')];
  const { value, damage } = inspectDocument(await readFile(path, 'utf8'), expected);
  const { accessKeyId } = value;
  yield {
    text: damage.length > 0 ? 'Key of the root account' : `Key of the root account, ${accessKeyId}, with its secret`,
    facts: { kind: 'root-key', accessKeyId },
    damage,
  };
}

/** Without the key itself. */
export async function* describeServerKey(path: string): AsyncGenerator<InspectedPart> {
  const expected = [members.exactly('formatVersion', 1), members.hex('key', 64)];
  const { damage } = inspectDocument(await readFile(path, 'utf8'), expected);
  yield { text: 'Key that secrets are sealed with', facts: { kind: 'server-key' }, damage };
}
