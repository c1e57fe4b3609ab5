import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PagedRun } from './paged-run.ts';
import { HEADER_BYTES, PAGE_BYTES, pageEnd, UNIT_BYTES_MAX, unitShift } from './stripe.ts';

const edges = Buffer.alloc(64 * PAGE_BYTES);

/** Bytes that lie in memory as at a position of a file. */
function lyingAs(position: number, bytes: Buffer): Buffer {
  const memory = Buffer.from(new ArrayBuffer(pageEnd(bytes.length) + PAGE_BYTES));
  const at = position % PAGE_BYTES;
  bytes.copy(memory, at);
  return memory.subarray(at, at + bytes.length);
}

const sixteenths = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: max / 16 }).map((n) => n * 16);
const last = fc.tuple(sixteenths(UNIT_BYTES_MAX), sixteenths(11_008));
const full = fc.constant([UNIT_BYTES_MAX, 16] as [number, number]);

test('stripes one after another → whole pages of the same bytes, written in order', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.array(full, { maxLength: 4 }), last, (firstPage, before, end) => {
      const run = new PagedRun();
      const written = Buffer.alloc(PAGE_BYTES * 21 + 5 * 300_000, 0xee);
      const expected = Buffer.from(written);
      let offset = firstPage * PAGE_BYTES;
      const start = offset;
      for (const [i, [unit, directory]] of [...before, end].entries()) {
        const pieces: Buffer[] = [HEADER_BYTES, unit, directory].map((length, piece) =>
          Buffer.alloc(length, 16 * i + piece + 1),
        );
        const stripe = Buffer.concat(pieces);
        stripe.copy(expected, offset);
        pieces[1] = lyingAs(unitShift(offset), pieces[1] ?? Buffer.of());
        edges.fill(0xaa);
        const paged = run.next({ offset, shards: [pieces] }, edges);
        let at = paged.offset;
        for (const piece of paged.shards[0] ?? []) {
          expect([at, piece.length, piece.byteOffset].map((n) => n % PAGE_BYTES)).toEqual([0, 0, 0]);
          at += piece.copy(written, at);
        }
        offset += stripe.length;
      }
      expected.fill(0, offset, pageEnd(offset));
      expect(written.equals(expected)).toBe(true);
      expect(start).toBe(firstPage * PAGE_BYTES);
    }),
    { numRuns: 60 },
  );
});

test('a unit that does not lie in memory as in its pages → refused', () => {
  const pieces: Buffer[] = [HEADER_BYTES, UNIT_BYTES_MAX, 16].map((length) => Buffer.alloc(length));
  pieces[1] = lyingAs(unitShift(0) + 16, pieces[1] ?? Buffer.of());
  expect(() => new PagedRun().next({ offset: 0, shards: [pieces] }, edges)).toThrow('a unit lies in memory');
});
