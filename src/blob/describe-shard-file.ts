/** A shard file in plain words, each stripe a part, with what is damaged in it. docs/FORMAT.md is the page. */
import { basename, dirname, resolve } from 'node:path';
import { type Damage, type Field, flippedBitIn, type InspectedPart, startOf } from '../lib/inspection.ts';
import { readIdentity } from './disk-identity.ts';
import { type GarbageRegion, inspectShardFile, type StripeRegion } from './inspect.ts';
import { DEFAULT_GROUP } from './pool.ts';
import { parseShardFile } from './segments.ts';
import { BLOCK_BYTES, blockCount, blockRange, HEADER_BYTES } from './stripe.ts';

/** Fields of a stripe's header, by the names of the page. */
const headerFields: readonly Field[] = [
  { start: 0, length: 8, name: 'magic' },
  { start: 8, length: 2, name: 'version' },
  { start: 10, length: 1, name: 'data shards' },
  { start: 11, length: 1, name: 'parity shards' },
  { start: 12, length: 1, name: 'shard index' },
  { start: 14, length: 2, name: 'header length' },
  { start: 16, length: 16, name: 'segment id' },
  { start: 32, length: 8, name: 'offset of the stripe' },
  { start: 40, length: 4, name: 'data unit' },
  { start: 44, length: 4, name: 'data length' },
  { start: 48, length: 4, name: 'directory length' },
  { start: 52, length: 4, name: 'directory unit' },
  { start: 56, length: 16, name: 'checksums of the blocks' },
  { start: 72, length: 4, name: 'checksum of the directory unit' },
  { start: 124, length: 4, name: 'checksum of the header' },
];

export async function* describeShardFile(path: string): AsyncGenerator<InspectedPart> {
  const named = parseShardFile(basename(path));
  let first: StripeRegion | undefined;
  for await (const region of inspectShardFile(path)) {
    if (region.kind === 'garbage') {
      yield describeGarbage(region);
      continue;
    }
    if (first === undefined) yield describeFile(region, await groupOf(path));
    first ??= region;
    const { id, shard } = named ?? { id: first.header.segment, shard: first.header.shard };
    yield describeStripe(region, { segment: id, shard });
  }
}

function describeFile({ header: { segment, shard, scheme } }: StripeRegion, group: string | undefined): InspectedPart {
  const place = group === undefined || group === DEFAULT_GROUP ? '' : `, on a disk of the group ${group}`;
  return {
    text: `Shard file: shard ${shard} of segment ${segment}, coded ${scheme}${place}`,
    facts: { kind: 'shard-file', segment, shard, scheme, group },
  };
}

/** Of the disk that the file lies on; undefined of a file that was taken out of its place. */
async function groupOf(path: string): Promise<string | undefined> {
  const found = await readIdentity(dirname(dirname(resolve(path))));
  return found.kind === 'ok' ? found.identity.group : undefined;
}

function describeStripe(stripe: StripeRegion, expected: { segment: string; shard: number }): InspectedPart {
  const { offset, length, header } = stripe;
  const { unit, dataLength, directoryLength } = header;
  const damage = [
    ...headerDamage(stripe, expected),
    ...stripe.badBlocks.map((block): Damage => {
      const { start, end } = blockRange({ unit, block });
      const what = `the checksum of its ${end - start} bytes does not match`;
      return { offset: offset + HEADER_BYTES + block * BLOCK_BYTES, field: blockName({ unit, block }), what };
    }),
    ...(stripe.directoryGood
      ? []
      : [{ offset: offset + HEADER_BYTES + unit, field: 'directory unit', what: 'its checksum does not match' }]),
  ];
  return {
    text: `${offset}: stripe of ${dataLength} bytes of data, ${unit} here, and ${directoryLength} of directory`,
    facts: { kind: 'stripe', offset, length, header },
    damage,
  };
}

function headerDamage(
  { offset, header, badHeaderByte }: StripeRegion,
  expected: { segment: string; shard: number },
): Damage[] {
  const at = (name: string) => offset + startOf(headerFields, name);
  const damage: Damage[] = [];
  if (badHeaderByte !== undefined) damage.push(flippedBitIn(headerFields, { offset, byte: badHeaderByte }));
  if (header.segment !== expected.segment) {
    const what = `it says ${header.segment}, this is a file of ${expected.segment}`;
    damage.push({ offset: at('segment id'), field: 'segment id', what });
  }
  if (header.shard !== expected.shard) {
    const what = `it says ${header.shard}, this is shard ${expected.shard}`;
    damage.push({ offset: at('shard index'), field: 'shard index', what });
  }
  return damage;
}

function blockName({ unit, block }: { unit: number; block: number }): string {
  return blockCount(unit) === 1 ? 'data unit' : `block ${block} of the data unit`;
}

function describeGarbage({ offset, length, reason }: GarbageRegion): InspectedPart {
  const facts = { kind: 'garbage', offset, length };
  if (reason === undefined) return { text: `${offset}: a hole of ${length} bytes, all zero`, facts };
  return {
    text: `${offset}: ${length} bytes that are no stripe`,
    facts,
    damage: [{ offset, field: 'header', what: `${reason}; an interrupted write may have left it, else it is damage` }],
  };
}
