/** Which of our formats a file has: by its first bytes, or where these do not say it, by its name. */
import { basename } from 'node:path';
import { describeDiskIdentity, describeDiskRegistry } from '../blob/describe-disk-files.ts';
import { describeShardFile } from '../blob/describe-shard-file.ts';
import { HEADER_MAGIC } from '../blob/shard-header.ts';
import {
  describeAuditLog,
  describeRebuilt,
  describeRootKey,
  describeServerKey,
  describeSettings,
  describeZoneIdentity,
} from '../describe-data-folder.ts';
import type { InspectedPart } from '../lib/inspection.ts';
import { readStart } from '../lib/read-start.ts';
import { describeDatabase, describeLock, SQLITE_MAGIC } from '../meta/describe-database.ts';
import { EPOCH_MAGIC, FILE_MAGIC } from '../meta/log/codec.ts';
import { describeEpochFile, describeLogFile } from '../meta/log/describe-file.ts';
import { describeSnapshot, describeSnapshotSidecar } from '../meta/snapshots/describe-snapshot.ts';
import { CommandError } from './command-error.ts';

type Describe = (path: string) => AsyncIterable<InspectedPart>;

interface Format {
  readonly name: RegExp;
  readonly magic?: Uint8Array;
  readonly describe: Describe;
}

/** Names win where one fits: a file that bears one and does not begin as it should is damaged, not unknown. */
const formats: readonly Format[] = [
  { name: /\.shard(\.new)?$/, magic: HEADER_MAGIC, describe: describeShardFile },
  { name: /^\d{20}\.log(\.aside|\.draft)?$/, magic: FILE_MAGIC, describe: describeLogFile },
  { name: /^epoch(\.draft)?$/, magic: EPOCH_MAGIC, describe: describeEpochFile },
  { name: /^ninefold-disk\.json/, describe: describeDiskIdentity },
  { name: /^ninefold-disks\.json/, describe: describeDiskRegistry },
  { name: /^ninefold-zone\.json/, describe: describeZoneIdentity },
  { name: /^audit(-[\dTZ-]+)?\.jsonl$/, describe: describeAuditLog },
  { name: /^ninefold-settings\.json/, describe: describeSettings },
  { name: /^ninefold-rebuilt\.json/, describe: describeRebuilt },
  { name: /^root-key\.json/, describe: describeRootKey },
  { name: /^server-key\.json/, describe: describeServerKey },
  { name: /^ninefold\.lock$/, describe: describeLock },
  { name: /\.snapshot$/, describe: describeSnapshot },
  { name: /\.snapshot\.json(\.draft)?$/, describe: describeSnapshotSidecar },
  { name: /\.sqlite(\.aside)?$/, magic: SQLITE_MAGIC, describe: describeDatabase },
];

const magicBytesMax = Math.max(...formats.map(({ magic }) => magic?.length ?? 0));

/** The parts of the file, or undefined if it has none of the formats. Throws CommandError if it cannot be read. */
export async function recognise(path: string): Promise<AsyncIterable<InspectedPart> | undefined> {
  const start = await readStart(path, magicBytesMax).catch((cause: unknown) => {
    throw new CommandError(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  });
  const name = basename(path);
  const byName = formats.find((format) => format.name.test(name));
  const byMagic = formats.find(({ magic }) => magic && start.subarray(0, magic.length).equals(magic));
  return (byName ?? byMagic)?.describe(path);
}
