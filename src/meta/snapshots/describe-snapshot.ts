/** A snapshot of the index and its description in plain words. docs/LOG.md is the page. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type Damage, type InspectedPart, inspectDocument, members } from '../../lib/inspection.ts';
import { describeDatabase } from '../describe-database.ts';

const sidecarMembers = [
  members.exactly('format', 1),
  members.hex('clusterId', 32),
  members.integer('schema'),
  members.integer('sequence'),
  members.integer('checksum'),
  members.integer('file'),
  members.integer('offset'),
  members.integer('sizeBytes'),
  members.hex('digest', 64),
];

interface Sidecar {
  readonly value: Readonly<Record<string, unknown>>;
  readonly damage: readonly Damage[];
}

export async function* describeSnapshotSidecar(path: string): AsyncGenerator<InspectedPart> {
  const { value, damage } = await readSidecar(path);
  const { sequence, schema, clusterId, sizeBytes } = value;
  yield {
    text:
      damage.length > 0
        ? 'Description of a snapshot of the index'
        : `Description of a snapshot of the index at log record ${sequence}: schema ${schema}, cluster ${clusterId}, ${sizeBytes} bytes`,
    facts: { kind: 'snapshot-description', ...value },
    damage,
  };
}

/** The database, and whether its bytes are those that its description tells of. */
export async function* describeSnapshot(path: string): AsyncGenerator<InspectedPart> {
  yield* describeDatabase(path);
  const sidecar = `${path}.json`;
  if (!existsSync(sidecar)) {
    yield {
      text: 'Without its description: it does not count as a snapshot',
      facts: { kind: 'snapshot', described: false },
    };
    return;
  }
  const { value, damage } = await readSidecar(sidecar);
  const found: Damage[] = damage.length > 0 ? [] : await compare(path, value);
  yield {
    text: damage.length > 0 ? 'Its description is damaged: inspect that' : 'Compared with its description',
    facts: { kind: 'snapshot', described: damage.length === 0 },
    damage: found,
  };
}

async function compare(path: string, { sizeBytes, digest }: Sidecar['value']): Promise<Damage[]> {
  const { size } = await stat(path);
  if (size !== sizeBytes) {
    const what = `there are ${size} bytes, its description says ${sizeBytes}`;
    return [{ offset: Math.min(size, Number(sizeBytes)), field: 'length', what }];
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  if (hash.digest('hex') === digest) return [];
  return [{ offset: 0, field: 'digest', what: 'the SHA-256 of the file is not the one in its description' }];
}

/** A line of JSON, and its checksum on the next. */
async function readSidecar(path: string): Promise<Sidecar> {
  const [text = '', check = ''] = (await readFile(path, 'utf8')).split('\n');
  const { value, damage } = inspectDocument(text, sidecarMembers);
  if (damage.length > 0 || check === String(crc32(text))) return { value, damage };
  const what = 'it is not that of the line before';
  return { value, damage: [{ offset: text.length + 1, field: 'checksum', what }] };
}
