/** Reed-Solomon 6+3 over full units: parity of a stripe, and three lost data shards of one computed back. */
import {
  CODER_RESERVED_BYTES,
  type Coder,
  createCoder,
  createCoderMemory,
  type UnitSpan,
} from '../../src/blob/coding/coder.ts';
import { recoveryRows } from '../../src/blob/coding/reed-solomon.ts';
import { SCHEMES } from '../../src/blob/scheme.ts';
import type { Kernel, Loop } from './kernel.ts';
import { copyLoop } from './memory-copy.ts';

const unit = 256 * 1024;
const bytes = 6 * unit;
const scheme = SCHEMES['6+3'];

/** Stripes enough that caches do not hold them, coded in turn. */
const stripes = 32;
const stripeBytes = scheme.shards * unit;

function inTurn(code: (coder: Coder, span: UnitSpan) => void): Loop {
  const coder = createCoder(createCoderMemory(CODER_RESERVED_BYTES + stripes * stripeBytes));
  const spans = Array.from({ length: stripes }, (_, i) => {
    const input = CODER_RESERVED_BYTES + i * stripeBytes;
    return { input, output: input + bytes, length: unit };
  });
  let next = 0;
  return (times) => {
    for (let i = 0; i < times; i++) {
      const span = spans[next % stripes];
      next += 1;
      if (span !== undefined) code(coder, span);
    }
  };
}

function encodeLoop(): Loop {
  return inTurn((coder, span) => coder.encode(scheme, span));
}

function recoverLoop(): Loop {
  const rows = recoveryRows(scheme, [3, 4, 5, 6, 7, 8], [0, 1, 2]);
  return inTurn((coder, span) => coder.recover(rows, span));
}

export const codingKernels: readonly Kernel[] = [
  {
    name: 'kernel-encode',
    title: 'Parity of a stripe, 6+3',
    limitIs: 'memcpy',
    bytes,
    aim: { ratio: 0.6 },
    open: () => ({ run: encodeLoop(), limit: copyLoop(bytes) }),
  },
  {
    name: 'kernel-recover',
    title: 'Three lost shards of a stripe',
    limitIs: 'memcpy',
    bytes,
    open: () => ({ run: recoverLoop(), limit: copyLoop(bytes) }),
  },
];
