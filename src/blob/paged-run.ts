/**
 * Turns the stripes of a run into whole pages, as writing past the system's page cache wants them: offset, length and place
 * in memory of every piece are multiples of a page. The bytes of a shard file are the same as ever.
 *
 * Most of a unit lies in memory as it will in its pages of the file, and is written from there. What begins and ends it
 * shares pages with header and directory, and with the stripes before and after: these are put together in the edges of the
 * stripe's buffer. The last page is filled up with zeros; the next stripe of the run writes it again, with the
 * same bytes at its beginning, so the writes of a run must not overtake each other.
 */
import assert from 'node:assert';
import { PAGE_BYTES, pageEnd, pageStart } from './stripe.ts';
import type { ShardPieces } from './stripe-encoder.ts';

/** What each shard file gets, at an offset. */
export interface Placed {
  readonly offset: number;
  readonly shards: ShardPieces;
}

/** The stripes of one run in one segment, one after another. The first begins at a page. */
export class PagedRun {
  /** Of each shard, what the last stripe has in a page that it does not fill. */
  #rests: Buffer[] = [];

  /** The pages of the next stripe, each shard's pieces being header, data unit and directory unit. */
  next({ offset, shards }: Placed, edges: Buffer): Placed {
    const room = new Room(edges);
    const paged = shards.map((pieces, shard) => {
      const rest = this.#rests[shard] ?? Buffer.of();
      return pagesOf(pieces, { start: offset - rest.length, rest, room });
    });
    const length = (shards[0] ?? []).reduce((sum, piece) => sum + piece.length, 0);
    const restBytes = (offset + length) % PAGE_BYTES;
    this.#rests = paged.map((pieces) => {
      const last = pieces.at(-1) ?? Buffer.of();
      return restBytes === 0 ? Buffer.of() : Buffer.from(last.subarray(-PAGE_BYTES).subarray(0, restBytes));
    });
    return { offset: pageStart(offset), shards: paged };
  }
}

/** Memory that is given out in whole pages. */
class Room {
  readonly #bytes: Buffer;
  #taken = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The pieces one after another, and zeros up to the end of the page. */
  join(pieces: readonly Buffer[]): Buffer {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const end = pageEnd(this.#taken + length);
    assert(end <= this.#bytes.length, 'the edges of a stripe fit');
    const joined = this.#bytes.subarray(this.#taken, end);
    this.#taken = end;
    let at = 0;
    for (const piece of pieces) at += piece.copy(joined, at);
    joined.fill(0, at);
    return joined;
  }
}

function pagesOf(pieces: Buffer[], { start, rest, room }: { start: number; rest: Buffer; room: Room }): Buffer[] {
  assert(start % PAGE_BYTES === 0, 'a run begins at a page, and the rest of a stripe too');
  const [header = Buffer.of(), unit = Buffer.of(), ...others] = pieces;
  const unitStart = start + rest.length + header.length;
  const wholeStart = pageEnd(unitStart) - unitStart;
  const wholeEnd = pageStart(unitStart + unit.length) - unitStart;
  if (wholeStart >= wholeEnd) return [room.join([rest, ...pieces])];
  assert(unit.byteOffset % PAGE_BYTES === unitStart % PAGE_BYTES, 'a unit lies in memory as in its pages');
  const first = room.join([rest, header, unit.subarray(0, wholeStart)]);
  const last = room.join([unit.subarray(wholeEnd), ...others]);
  return [first, unit.subarray(wholeStart, wholeEnd), last].filter(({ length }) => length > 0);
}
