/** memcpy, the limit of everything that goes through bytes once. */
import type { Loop } from './kernel.ts';

/** More than caches hold: what a server works on has just come in, and a copy within a cache is many times as fast. */
const regionBytes = 64 * 1024 * 1024;

/** Goes through pieces of a region in turn. */
export function inTurn(pieceBytes: number, visit: (piece: Buffer) => void): Loop {
  const region = Buffer.alloc(regionBytes, 'region');
  const pieces = Array.from({ length: Math.floor(regionBytes / pieceBytes) }, (_, i) =>
    region.subarray(i * pieceBytes, (i + 1) * pieceBytes),
  );
  let next = 0;
  return (times) => {
    for (let i = 0; i < times; i++) {
      const piece = pieces[next % pieces.length];
      next += 1;
      if (piece !== undefined) visit(piece);
    }
  };
}

export function copyLoop(pieceBytes: number): Loop {
  const target = Buffer.alloc(regionBytes, 1);
  let at = 0;
  return inTurn(pieceBytes, (piece) => {
    at = at + 2 * pieceBytes > regionBytes ? 0 : at + pieceBytes;
    piece.copy(target, at);
  });
}
