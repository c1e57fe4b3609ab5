/**
 * Runs the code over bytes in a memory that all threads share, so that no byte is copied between them. The kernel is
 * WebAssembly SIMD; where it is not available, or fails its self-test, the scalar twin below does the same work. It is made
 * for 6+3. A scheme of one data shard needs no arithmetic: what it codes, or recovers, is a copy.
 *
 * The memory begins with a page of tables (parity tables first, then room for one set of recovery tables, which only the
 * thread that made the memory uses) and goes on with what the caller lays out from `CODER_RESERVED_BYTES` on.
 */
import assert from 'node:assert';
import { instantiateKernel, kernelFunction } from '../../lib/webassembly/instantiate.ts';
import { SCHEMES, type Scheme } from '../scheme.ts';
import type { Matrix } from './galois.ts';
import { kernelBase64 } from './kernel.generated.ts';
import { nibbleTables, parityRows } from './reed-solomon.ts';

/** Bytes at the start of the memory that belong to the coder. */
export const CODER_RESERVED_BYTES = 65536;
const PARITY_TABLES = 0;
const RECOVERY_TABLES = 4096;
const PAGE_BYTES = 65536;

/** What the kernel is made for: so many inputs, and at most so many outputs. */
const INPUTS = SCHEMES['6+3'].dataShards;
const OUTPUTS_MAX = SCHEMES['6+3'].parityShards;

interface Kernel {
  combine1(tables: number, input: number, output: number, length: number): void;
  combine3(tables: number, input: number, output: number, length: number): void;
}

/** Where a computation reads and writes: byte offsets in the memory and the length of each unit, all multiples of 16. */
export interface UnitSpan {
  /** As many units as data shards, one after another. */
  readonly input: number;
  /** As many units as are computed, one after another. */
  readonly output: number;
  readonly length: number;
}

export interface Coder {
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly kind: 'simd' | 'scalar';
  /** The parity units of a scheme's data units. */
  encode(scheme: Scheme, span: UnitSpan): void;
  /** Units from as many others as are data, by rows of `recoveryRows`. Only on the thread that made the memory. */
  recover(rows: Matrix, span: UnitSpan): void;
}

/** A shared memory of at least `sizeBytes`, zeroed, with the parity tables in place. */
export function createCoderMemory(sizeBytes: number): WebAssembly.Memory {
  const pages = Math.ceil(sizeBytes / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Uint8Array(memory.buffer).set(nibbleTables(parityRows(SCHEMES['6+3'])), PARITY_TABLES);
  return memory;
}

/** The fastest coder that works here. */
export function createCoder(memory: WebAssembly.Memory): Coder {
  return createSimdCoder(memory) ?? createScalarCoder(memory);
}

/** One of the same kind, over a memory of its own. */
export function anotherCoder({ kind }: Coder, sizeBytes: number): Coder {
  const memory = createCoderMemory(sizeBytes);
  return kind === 'simd' ? createCoder(memory) : createScalarCoder(memory);
}

/** The kernel on a memory of `createCoderMemory`, or undefined if this runtime does not take it. */
export function createSimdCoder(memory: WebAssembly.Memory): Coder | undefined {
  const kernel = instantiate(memory);
  return kernel && coderOver(memory, kernel, 'simd');
}

/** The reference: the same arithmetic in plain TypeScript. */
export function createScalarCoder(memory: WebAssembly.Memory): Coder {
  const bytes = new Uint8Array(memory.buffer);
  const combine1: Kernel['combine1'] = (tables, input, output, length) => {
    for (let at = 0; at < length; at++) {
      let sum = 0;
      for (let i = 0; i < INPUTS; i++) {
        const value = bytes[input + i * length + at] ?? 0;
        const table = tables + i * 32;
        sum ^= (bytes[table + (value & 15)] ?? 0) ^ (bytes[table + 16 + (value >> 4)] ?? 0);
      }
      bytes[output + at] = sum;
    }
  };
  const combine3: Kernel['combine3'] = (tables, input, output, length) => {
    for (let row = 0; row < OUTPUTS_MAX; row++) {
      combine1(tables + row * INPUTS * 32, input, output + row * length, length);
    }
  };
  return coderOver(memory, { combine1, combine3 }, 'scalar');
}

function coderOver(memory: WebAssembly.Memory, kernel: Kernel, kind: Coder['kind']): Coder {
  const bytes = new Uint8Array(memory.buffer);
  const check = (span: UnitSpan, { inputs, outputs }: { inputs: number; outputs: number }): void => {
    assert(inputs === INPUTS || inputs === 1, 'the scheme is 6+3 or has one data shard');
    assert(outputs >= 1 && outputs <= OUTPUTS_MAX, 'one to three shards are computed at once');
    assert(span.length % 16 === 0 && span.input % 16 === 0 && span.output % 16 === 0, 'units are aligned to 16');
    assert(span.input >= CODER_RESERVED_BYTES && span.output >= CODER_RESERVED_BYTES, 'tables are not touched');
    assert(span.input + inputs * span.length <= bytes.length, 'inputs lie in the memory');
    assert(span.output + outputs * span.length <= bytes.length, 'outputs lie in the memory');
  };
  const copy = ({ input, output, length }: UnitSpan, copies: number): void => {
    for (let i = 0; i < copies; i++) bytes.copyWithin(output + i * length, input, input + length);
  };
  return {
    memory,
    bytes,
    kind,
    encode(scheme, span) {
      check(span, { inputs: scheme.dataShards, outputs: scheme.parityShards });
      if (scheme.dataShards === 1) copy(span, scheme.parityShards);
      else kernel.combine3(PARITY_TABLES, span.input, span.output, span.length);
    },
    recover(rows, span) {
      const inputs = rows[0]?.length ?? 0;
      check(span, { inputs, outputs: rows.length });
      if (inputs === 1) {
        copy(span, rows.length);
        return;
      }
      bytes.set(nibbleTables(rows), RECOVERY_TABLES);
      if (rows.length === OUTPUTS_MAX) {
        kernel.combine3(RECOVERY_TABLES, span.input, span.output, span.length);
        return;
      }
      for (let row = 0; row < rows.length; row++) {
        const tables = RECOVERY_TABLES + row * INPUTS * 32;
        kernel.combine1(tables, span.input, span.output + row * span.length, span.length);
      }
    },
  };
}

function instantiate(memory: WebAssembly.Memory): Kernel | undefined {
  const exports = instantiateKernel(kernelBase64, { env: { memory } });
  return exports && { combine1: kernelFunction(exports, 'combine1'), combine3: kernelFunction(exports, 'combine3') };
}
