/**
 * Which blobs are lost: they cannot be read, and could not if every disk that is away or unwell had a good shard. Looked at is
 * only what scrub or repair could not read, and each such stripe once, however many blobs lie in it.
 */
import type { Disks } from './disks.ts';
import { placeableShards } from './placement.ts';
import { SCHEMES, type Scheme, UNNAMED_SCHEME } from './scheme.ts';
import type { Segment, SegmentTable } from './segments.ts';
import { type StripePart, stripeParts } from './stripe.ts';
import { countGoodShards, type ReadContext, readStripe } from './stripe-reader.ts';
import { BlobError, type BlobRef } from './types.ts';

interface LossParts {
  readonly table: SegmentTable;
  readonly disks: Disks;
  readonly reading: ReadContext;
}

export class LossCheck {
  readonly #parts: LossParts;
  /** By segment and offset. */
  readonly #lostStripes = new Map<string, boolean>();

  constructor(parts: LossParts) {
    this.#parts = parts;
  }

  async isLost({ extents, scheme: name = UNNAMED_SCHEME }: BlobRef): Promise<boolean> {
    for (const extent of extents) {
      const segment = this.#parts.table.get(extent.segment);
      // None of its files is on any disk that can be read.
      if (segment === undefined) {
        if ((await this.#away(SCHEMES[name])) < SCHEMES[name].dataShards) return true;
        continue;
      }
      for (const part of stripeParts(segment.scheme, extent, { start: 0, end: extent.length })) {
        if (!isDoubtful(segment, part) || !(await this.#isStripeLost(segment, part))) continue;
        // What lies on data shards that are good is there, whatever became of the rest of the stripe.
        if (!(await this.#isReadable(segment, part))) return true;
      }
    }
    return false;
  }

  async #isStripeLost(segment: Segment, part: StripePart): Promise<boolean> {
    const name = `${segment.id}/${part.offset}`;
    const known = this.#lostStripes.get(name);
    if (known !== undefined) return known;
    // A disk that comes or goes meanwhile may have been missed.
    const before = await this.#away(segment.scheme);
    const good = await countGoodShards(this.#parts.reading, segment, part);
    const isLost = good + Math.max(before, await this.#away(segment.scheme)) < segment.scheme.dataShards;
    this.#lostStripes.set(name, isLost);
    return isLost;
  }

  async #isReadable(segment: Segment, part: StripePart): Promise<boolean> {
    try {
      await readStripe(this.#parts.reading, segment, part);
      return true;
    } catch (error) {
      if (error instanceof BlobError && error.code === 'Unreadable') return false;
      throw error;
    }
  }

  /** How many shards of a segment can be on disks that are away, or give no answer to rely on, at most. What went a moment ago is noticed. */
  async #away(scheme: Scheme): Promise<number> {
    const { disks } = this.#parts;
    await disks.check();
    const away = disks.all.filter(({ readable, health }) => !readable || health !== 'healthy');
    const inGroups = Map.groupBy(away, ({ group }) => group).values();
    return Math.max(0, ...inGroups.map((disks) => placeableShards(disks, scheme)));
  }
}

function isDoubtful({ condition }: Segment, { offset }: StripePart): boolean {
  return condition.unreadablePlaces.some((place) => place.offset <= offset && offset < place.offset + place.length);
}
